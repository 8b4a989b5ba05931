"""The promises, one concept a file; `chem_endpoints.check.table` lists them."""
