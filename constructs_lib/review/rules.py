"""The table of our own rules.

Sources, besides those named in the rows: the SageMaker API reference, "AWS Security Hub controls for SageMaker",
"Application Auto Scaling" and "Deployment guardrails" in the SageMaker developer guide.
"""

from typing import Any

from constructs_lib.review import alarms, hosting, permissions, queue, records, scaling
from constructs_lib.review.finding import Expected, Finding, Rule
from constructs_lib.review.template import Template

RULES: tuple[Rule, ...] = (
    Rule(
        id="ChemEndpoints-ModelIsolated",
        title="Containers have no network",
        reason=(
            "A compromised model cannot send compounds anywhere (Security Hub SageMaker.5). Not for serverless, "
            "which cannot."
        ),
        remedy="Set EnableNetworkIsolation on the model, or on the configuration for components.",
        check=hosting.isolated,
    ),
    Rule(
        id="ChemEndpoints-InVpc",
        title="Containers run in the stage's VPC where it has one",
        reason="Traffic stays in the company's network. Not for serverless, which cannot.",
        remedy="Set VpcConfig on the model, or on the configuration for components.",
        check=hosting.in_the_vpc,
    ),
    Rule(
        id="ChemEndpoints-ImagePinned",
        title="Images are named by digest or content hash",
        reason="CloudFormation sees no change behind the same name, and a pushed tag changes what runs.",
        remedy="Name the image by @sha256:… or by a tag that is its sources' SHA-256.",
        check=hosting.image_pinned,
    ),
    Rule(
        id="ChemEndpoints-StartupTimeSet",
        title="The container's time to start is set",
        reason="A model that loads slowly is otherwise killed by a default that nobody chose.",
        remedy="Set ContainerStartupHealthCheckTimeoutInSeconds.",
        check=hosting.startup_time_set,
    ),
    Rule(
        id="ChemEndpoints-NoCoreDump",
        title="A crash writes no memory image",
        reason="It holds requests: compounds in clear text.",
        remedy="Remove CoreDumpConfig.",
        check=hosting.no_core_dumps,
    ),
    Rule(
        id="ChemEndpoints-NoShell",
        title="Nobody logs in to an instance",
        reason="A shell sees requests and credentials.",
        remedy="Remove EnableSSMAccess.",
        check=hosting.no_shell,
    ),
    Rule(
        id="ChemEndpoints-ConfigEncrypted",
        title="Volumes use our key, except where the hardware encrypts",
        reason=(
            "AWS refuses the key for instance types with local NVMe storage (CreateEndpointConfig); the public "
            "packs demand it for all."
        ),
        remedy="Set KmsKeyId, or remove it for a type with local storage.",
        check=hosting.config_encrypted,
    ),
    Rule(
        id="ChemEndpoints-CaptureEncrypted",
        title="Captured requests use our key",
        reason="They are compounds, kept for days.",
        remedy="Set KmsKeyId in DataCaptureConfig.",
        check=hosting.capture_encrypted,
    ),
    Rule(
        id="ChemEndpoints-GeneratedNames",
        title="Models and configurations have no fixed name",
        reason='Every change replaces them, and the new one collides with the old: "already exists".',
        remedy="Remove ModelName or EndpointConfigName.",
        check=hosting.generated_names,
    ),
    Rule(
        id="ChemEndpoints-LiteralEndpointName",
        title="Endpoints have a literal name",
        reason="Alarms, roles and callers name the endpoint before it exists; anything else is a dependency cycle.",
        remedy="Set EndpointName to a literal.",
        check=hosting.literal_endpoint_name,
    ),
    Rule(
        id="ChemEndpoints-NoModelWithManagedInstances",
        title="ManagedInstanceScaling serves components alone",
        reason="The API refuses it on a variant with a model.",
        remedy="Use a scalable target, or inference components.",
        check=hosting.managed_instances_without_model,
    ),
    Rule(
        id="ChemEndpoints-CopiesAtLeastOne",
        title="A component starts with a copy",
        reason="CopyCount 0 is refused at creation; zero is reached by scaling.",
        remedy="Set RuntimeConfig.CopyCount to 1 or more.",
        check=hosting.copies_at_least_one,
    ),
    Rule(
        id="ChemEndpoints-AnswersEncrypted",
        title="Asynchronous answers use our key",
        reason="They lie in S3 for days.",
        remedy="Set KmsKeyId in AsyncInferenceConfig.OutputConfig.",
        check=queue.answers_encrypted,
    ),
    Rule(
        id="ChemEndpoints-FailurePath",
        title="Asynchronous failures are written",
        reason="Without it a caller cannot tell failure from waiting.",
        remedy="Set S3FailurePath.",
        check=queue.failure_path,
    ),
    Rule(
        id="ChemEndpoints-NoAnswersInMessages",
        title="Notifications carry locations, not answers",
        reason="Messages reach subscribers, mailboxes and their logs.",
        remedy="Remove IncludeInferenceResponseIn.",
        check=queue.no_answers_in_messages,
    ),
    Rule(
        id="ChemEndpoints-TopicsEncrypted",
        title="Topics are encrypted",
        reason="Messages name callers' objects.",
        remedy="Set KmsMasterKeyId.",
        check=queue.topics_encrypted,
    ),
    Rule(
        id="ChemEndpoints-CapacityKept",
        title="A deployment keeps what scaling decided, and takes the rest from the declaration",
        reason=(
            "By default it resets instances; with RetainAllVariantProperties alone it also ignores new weights "
            "and capture settings; at zero instances it cannot check the new model."
        ),
        remedy=(
            "Set RetainAllVariantProperties, and exclude DesiredWeight, DataCaptureConfig, and "
            "DesiredInstanceCount at minimum 0."
        ),
        check=scaling.capacity_kept,
    ),
    Rule(
        id="ChemEndpoints-QueueFollowsBacklog",
        title="Asynchronous endpoints scale on their queue",
        reason=(
            "They publish neither Invocations nor InvocationsPerInstance nor OverheadLatency: such a policy never acts."
        ),
        remedy="Track ApproximateBacklogSizePerInstance.",
        check=scaling.queue_follows_its_backlog,
    ),
    Rule(
        id="ChemEndpoints-WakesFromZero",
        title="Whatever goes to zero comes back",
        reason="Target tracking per instance or copy is undefined at zero.",
        remedy="Add a step policy of +1 on HasBacklogWithoutCapacity or NoCapacityInvocationFailures.",
        check=scaling.wakes_from_zero,
    ),
    Rule(
        id="ChemEndpoints-OneFailureWakes",
        title="A single request wakes a component",
        reason="AWS's example alarms above 1, so one request never wakes it.",
        remedy="Use GreaterThanOrEqualToThreshold 1.",
        check=scaling.one_failure_wakes,
    ),
    Rule(
        id="ChemEndpoints-TargetAfterEndpoint",
        title="Scaling is registered after, and removed before, what it scales",
        reason="Application Auto Scaling refuses what does not exist.",
        remedy="Let the scalable target depend on the endpoint or the component.",
        check=scaling.target_after_component,
    ),
    Rule(
        id="ChemEndpoints-MetricsExist",
        title="Alarms and policies read metrics that SageMaker publishes",
        reason=(
            "A wrong dimension, namespace or statistic gives an alarm that never fires, without an error; the "
            "table is constructs_lib/metrics.py."
        ),
        remedy="Take the metric from constructs_lib/metrics.py.",
        check=alarms.metrics_exist,
    ),
    Rule(
        id="ChemEndpoints-AlarmsAct",
        title="Every alarm has an action",
        reason="One that nobody hears is no alarm.",
        remedy="Set AlarmActions, or name it in a deployment's rollback.",
        check=alarms.alarms_act,
    ),
    Rule(
        id="ChemEndpoints-AlarmsExplain",
        title="Every alarm links its runbook section",
        reason="It is read at night, by somebody who did not write it.",
        remedy="End the description with the runbook's link.",
        check=alarms.alarms_explain,
    ),
    Rule(
        id="ChemEndpoints-RollbackAlarmsExist",
        title="Guarded deployments have alarms in the same stack, quiet without data",
        reason="Without alarms nothing rolls back; an idle endpoint has no data.",
        remedy="Name alarms of this template with TreatMissingData notBreaching.",
        check=alarms.rollback_alarms_exist,
    ),
    Rule(
        id="ChemEndpoints-RollbackInTime",
        title="Rollback alarms can fire while the deployment still watches",
        reason="An alarm that needs longer than the wait never stops a bad deployment.",
        remedy="Shorten the alarm's period, or lengthen the wait.",
        check=alarms.rollback_in_time,
    ),
    Rule(
        id="ChemEndpoints-LogsBounded",
        title="Container logs expire and are encrypted",
        reason="SageMaker makes groups that never expire.",
        remedy="Make the log group with RetentionInDays and KmsKeyId.",
        check=records.logs_kept_and_bounded,
    ),
    Rule(
        id="ChemEndpoints-NoFullAccess",
        title="No *FullAccess policy",
        reason="Least privilege: the role has what the declaration needs.",
        remedy="Write the statements.",
        check=permissions.no_broad_policies,
    ),
    Rule(
        id="ChemEndpoints-NoBareStar",
        title="No permission on all resources, but for a table with reasons",
        reason="Least privilege; the table is constructs_lib/review/permissions.py.",
        remedy="Name the resources.",
        check=permissions.no_bare_star,
    ),
    Rule(
        id="ChemEndpoints-NoWildcardAction",
        title="No permission for unnamed actions",
        reason="What AWS adds tomorrow would be allowed.",
        remedy="Name the actions.",
        check=permissions.no_wildcard_actions,
    ),
    Rule(
        id="ChemEndpoints-TrustBounded",
        title="Services take roles for this account only",
        reason="The confused deputy: a service may act for a stranger.",
        remedy="Add the condition aws:SourceAccount to the trust policy.",
        check=permissions.trust_is_bounded,
    ),
    Rule(
        id="ChemEndpoints-CostTags",
        title="Whatever costs money says for whom",
        reason="Costs are told apart by tag.",
        remedy="Tag the stack; see constructs_lib/tagging.py.",
        check=records.costs_are_tagged,
    ),
    Rule(
        id="ChemEndpoints-NoTimestamp",
        title="Templates hold no time",
        reason="Each synthesis would be a deployment.",
        remedy="Derive names from contents.",
        check=records.no_timestamp,
    ),
    Rule(
        id="ChemEndpoints-NoForeignAccount",
        title="Templates name the stage's account only",
        reason="Another account's number is a copied line.",
        remedy="Take the account from the stage.",
        check=records.no_foreign_account,
    ),
)


def findings(template: dict[str, Any], expected: Expected | None = None) -> tuple[Finding, ...]:
    """Everything in a template that breaks one of our rules.

    Args:
        template: as parsed from JSON; ours or anybody's.
        expected: what its declaration and stage ask for. Default: isolated, in no VPC, any account.
    """
    read = Template(template)
    return tuple(found for rule in RULES for found in rule.findings(read, expected or Expected()))
