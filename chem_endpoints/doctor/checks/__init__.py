"""What is checked: one module per check, one function each, all in `chem_endpoints.doctor.table`."""
