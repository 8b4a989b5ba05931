"""Rules for the queue of an asynchronous endpoint and for the topics of all."""

from collections.abc import Iterator

from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.hosting import CONFIG
from constructs_lib.review.template import Resource, Template, Values


def queues(template: Template) -> Iterator[tuple[Resource, Values]]:
    """Configurations of asynchronous endpoints, each with its output settings."""
    for config in template.of(CONFIG):
        settings = config.properties.get("AsyncInferenceConfig")
        if settings is not None:
            yield config, settings.get("OutputConfig", {})


def answers_encrypted(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Answers are encrypted with the key."""
    for config, output in queues(template):
        if not output.get("KmsKeyId"):
            yield config.logical_id, "answers are not encrypted with a key of ours"


def failure_path(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Failures are written where the client looks for them."""
    for config, output in queues(template):
        if not output.get("S3FailurePath"):
            yield config.logical_id, "a failed request leaves nothing behind: its caller waits for ever"


def no_answers_in_messages(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Messages carry locations only."""
    for config, output in queues(template):
        if output.get("NotificationConfig", {}).get("IncludeInferenceResponseIn"):
            yield config.logical_id, "answers are sent in notifications"


def topics_encrypted(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Messages are encrypted with the key."""
    for topic in template.of("AWS::SNS::Topic"):
        if not topic.properties.get("KmsMasterKeyId"):
            yield topic.logical_id, "messages are not encrypted"
