"""CloudFormation types of SNS."""

import json
from typing import Any

from chem_endpoints.local.cfn_properties import Properties, given
from chem_endpoints.local.cfn_resource_type import (
    ApiCalls,
    Context,
    ResourceType,
    Values,
    change_tags,
    undone_on_failure,
)
from chem_endpoints.local.cfn_stack import Made

_CHANGEABLE_ATTRIBUTES = {
    "DisplayName": "",
    "KmsMasterKeyId": "",
    "ContentBasedDeduplication": "false",
    "TracingConfig": "PassThrough",
    "SignatureVersion": "1",
}
"""Attributes of a topic, and what each is without the property."""

_TOPIC_ATTRIBUTES = (*_CHANGEABLE_ATTRIBUTES, "FifoTopic")


def _topic_attributes(properties: Properties) -> dict[str, str]:
    values = {name: properties.take(name) for name in _TOPIC_ATTRIBUTES}
    return {name: str(value) for name, value in values.items() if value is not None}


def _create_topic(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    name = taken.take("TopicName") or context.name(limit=200)
    subscriptions, tags = taken.take("Subscription", []), taken.take("Tags")
    parameters = given(Name=name, Attributes=_topic_attributes(taken), Tags=tags)
    taken.end()
    arn = context.call("sns", "create_topic", parameters)["TopicArn"]
    with undone_on_failure(lambda: context.client("sns").delete_topic(TopicArn=arn)):
        for subscription in subscriptions:
            context.call("sns", "subscribe", {"TopicArn": arn, **subscription})
    return Made(physical_id=arn, attributes={"TopicArn": arn, "TopicName": name})


def _update_topic(context: Context, made: Made, old: Values, new: Values) -> Made:
    sns = context.client("sns")
    for name, default in _CHANGEABLE_ATTRIBUTES.items():
        if old.get(name) != new.get(name):
            value = str(new.get(name, default))
            sns.set_topic_attributes(TopicArn=made.physical_id, AttributeName=name, AttributeValue=value)
    change_tags(
        old,
        new,
        remove=lambda keys: sns.untag_resource(ResourceArn=made.physical_id, TagKeys=keys),
        add=lambda tags: sns.tag_resource(ResourceArn=made.physical_id, Tags=tags),
    )
    return made


def _delete_topic(context: Context, made: Made, _properties: Values) -> None:
    sns = context.client("sns")
    for subscription in sns.list_subscriptions_by_topic(TopicArn=made.physical_id)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sns.delete_topic(TopicArn=made.physical_id)


def _set_topic_policies(context: Context, properties: Values) -> Made:
    taken = Properties(properties)
    topics, policy = taken.take("Topics", []), taken.take_json("PolicyDocument")
    taken.end()
    for topic in topics:
        context.call(
            "sns",
            "set_topic_attributes",
            {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy},
        )
    return Made(physical_id=context.name())


def _update_topic_policies(context: Context, made: Made, _old: Values, new: Values) -> Made:
    _set_topic_policies(context, new)
    return made


def _forget_topic_policies(_context: Context, _made: Made, _properties: Values) -> None:
    """SNS has no operation that removes a topic's policy; it goes with the topic."""


def _subscription_made(_context: Context, _parameters: Values, answer: Values) -> Made:
    return Made(physical_id=answer["SubscriptionArn"], attributes={"Arn": answer["SubscriptionArn"]})


_SUBSCRIPTION_ATTRIBUTES = {
    "FilterPolicy": "{}",
    "FilterPolicyScope": "MessageAttributes",
    "RawMessageDelivery": "false",
    "RedrivePolicy": "{}",
}
"""Attributes of a subscription, and what each is without the property."""
_SUBSCRIBED = ("TopicArn", "Protocol", "Endpoint")


def _attributes_of(properties: Values) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name in _SUBSCRIPTION_ATTRIBUTES
        if (value := properties.get(name)) is not None
    }


def _subscription_attributes(_context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in parameters.items() if name not in _SUBSCRIPTION_ATTRIBUTES}
    return {**others, "Attributes": _attributes_of(parameters), "ReturnSubscriptionArn": True}


def _update_subscription(context: Context, made: Made, old: Values, new: Values) -> Made:
    before, after = _attributes_of(old), _attributes_of(new)
    for name, default in _SUBSCRIPTION_ATTRIBUTES.items():
        if before.get(name) != after.get(name):
            context.client("sns").set_subscription_attributes(
                SubscriptionArn=made.physical_id, AttributeName=name, AttributeValue=after.get(name, default)
            )
    return made


def _unsubscribe(context: Context, made: Made, _properties: Values) -> None:
    context.client("sns").unsubscribe(SubscriptionArn=made.physical_id)


_SUBSCRIPTION = ApiCalls(
    service="sns",
    create="subscribe",
    delete="unsubscribe",
    delete_with=(),
    prepare=_subscription_attributes,
    made=_subscription_made,
)

SNS_TYPES: tuple[ResourceType, ...] = (
    ResourceType(
        name="AWS::SNS::Topic",
        known=frozenset({*_TOPIC_ATTRIBUTES, "TopicName", "Subscription", "Tags"}),
        fixed=frozenset({"Subscription"}),
        create=_create_topic,
        update=_update_topic,
        delete=_delete_topic,
        replaced_by=frozenset({"TopicName", "FifoTopic"}),
        name_property="TopicName",
    ),
    ResourceType(
        name="AWS::SNS::TopicPolicy",
        known=frozenset({"Topics", "PolicyDocument"}),
        create=_set_topic_policies,
        update=_update_topic_policies,
        delete=_forget_topic_policies,
    ),
    ResourceType(
        name="AWS::SNS::Subscription",
        known=frozenset({*_SUBSCRIBED, *_SUBSCRIPTION_ATTRIBUTES}),
        create=_SUBSCRIPTION.run_create,
        update=_update_subscription,
        delete=_unsubscribe,
        replaced_by=frozenset(_SUBSCRIBED),
    ),
)
