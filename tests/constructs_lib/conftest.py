from constructs_lib.node_runtime import use_bundled_node

# The tests import aws_cdk, which starts Node.js.
use_bundled_node()
