"""A place in S3, spelled in every way."""

from constructs_lib.s3_location import S3Location


def test_an_object_is_read_from_and_written_as_a_uri() -> None:
    location = S3Location.from_uri("s3://bucket/some/key.tar.gz")
    assert location == S3Location(bucket="bucket", key="some/key.tar.gz")
    assert location.uri == "s3://bucket/some/key.tar.gz"
    assert location.arn == "arn:aws:s3:::bucket/some/key.tar.gz"


def test_a_prefix_covers_what_lies_below_it() -> None:
    location = S3Location(bucket="bucket", key="some/")
    assert location.bucket_arn == "arn:aws:s3:::bucket"
    assert location.contents_arn == "arn:aws:s3:::bucket/some/*"
