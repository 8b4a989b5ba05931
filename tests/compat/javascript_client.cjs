// A program of somebody who uses the AWS SDK for JavaScript v3: `node javascript_client.cjs ORDER`.
// ORDER is a JSON object with the endpoints, a bucket and structures. Prints one JSON object.
const { S3Client, GetObjectCommand, PutObjectCommand, waitUntilObjectExists } = require("@aws-sdk/client-s3");
const {
  InvokeEndpointAsyncCommand,
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  ModelError,
  SageMakerRuntimeClient,
} = require("@aws-sdk/client-sagemaker-runtime");

const order = JSON.parse(process.argv[2]);
const runtime = new SageMakerRuntimeClient({});
// A bucket's own host name (BUCKET.localhost) does not resolve everywhere; other S3-compatible services need this too.
const s3 = new S3Client({ forcePathStyle: true });
const csv = ["smiles", ...order.smiles, ""].join("\n");
const records = JSON.stringify(order.smiles.map((smiles) => ({ smiles })));
const json = { ContentType: "application/json", Accept: "application/json" };
const read = (bytes) => new TextDecoder().decode(bytes);

async function synchronous() {
  const call = async (more) => runtime.send(new InvokeEndpointCommand(more));
  const table = await call({ EndpointName: order.realtime, ContentType: "text/csv", Accept: "text/csv", Body: csv });
  const list = await call({ EndpointName: order.realtime, ...json, Body: records, InferenceId: "mine" });
  const component = await call({
    EndpointName: order.components, InferenceComponentName: order.component, ...json, Body: records,
  });
  return {
    csv: read(table.Body),
    contentType: table.ContentType,
    variant: table.InvokedProductionVariant,
    json: JSON.parse(read(list.Body)),
    component: JSON.parse(read(component.Body)),
  };
}

async function refused() {
  try {
    await runtime.send(new InvokeEndpointCommand({ EndpointName: order.realtime, ...json, Body: "[{\"unknown_column\": 1}]" }));
  } catch (error) {
    return {
      typed: error instanceof ModelError,
      name: error.name,
      status: error.OriginalStatusCode,
      message: error.OriginalMessage,
      answered: error.$metadata.httpStatusCode,
    };
  }
  return {};
}

async function unknown() {
  try {
    await runtime.send(new InvokeEndpointCommand({ EndpointName: "no-such-endpoint", Body: "" }));
  } catch (error) {
    return { name: error.name, message: error.message };
  }
  return {};
}

async function streamed() {
  const answer = await runtime.send(new InvokeEndpointWithResponseStreamCommand({
    EndpointName: order.realtime, ContentType: "application/json", Accept: "application/jsonlines", Body: records,
  }));
  const parts = [];
  for await (const event of answer.Body) parts.push(event.PayloadPart.Bytes);
  const lines = read(Buffer.concat(parts)).trim().split("\n");
  return { contentType: answer.ContentType, parts: parts.length, rows: lines.map((line) => JSON.parse(line)) };
}

const place = (location) => {
  const url = new URL(location);
  return { Bucket: url.host, Key: url.pathname.slice(1) };
};

async function asynchronous() {
  const input = { Bucket: order.bucket, Key: "in/from-javascript" };
  await s3.send(new PutObjectCommand({ ...input, Body: records, ContentType: "application/json" }));
  const taken = await runtime.send(new InvokeEndpointAsyncCommand({
    EndpointName: order.async, InputLocation: `s3://${input.Bucket}/${input.Key}`, ...json,
  }));
  const output = place(taken.OutputLocation);
  const waited = await waitUntilObjectExists({ client: s3, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, output);
  const object = await s3.send(new GetObjectCommand(output));
  return { waited: waited.state, rows: JSON.parse(await object.Body.transformToString()) };
}

async function main() {
  const result = {
    sync: await synchronous(),
    refused: await refused(),
    unknown: await unknown(),
    stream: await streamed(),
    async: await asynchronous(),
  };
  console.log(JSON.stringify(result));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
