"""A place in S3, spelled the ways that AWS wants it spelled."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """An object, or a prefix that ends in ``/``."""

    bucket: str
    key: str

    @classmethod
    def from_uri(cls, uri: str) -> "S3Location":
        """Reads ``s3://bucket/key``."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return cls(bucket=bucket, key=key)

    @property
    def uri(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def bucket_arn(self) -> str:
        """ARN of the bucket."""
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def arn(self) -> str:
        """ARN of the object."""
        return f"{self.bucket_arn}/{self.key}"

    @property
    def contents_arn(self) -> str:
        """ARN pattern of every object below the prefix."""
        return f"{self.arn}*"
