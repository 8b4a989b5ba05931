"""The container images: built beside a deployment, built once in the account, or pinned."""
