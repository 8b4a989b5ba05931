"""``python -m chem_endpoints.cli`` is ``chem-endpoints``."""

from chem_endpoints.cli.main import main

if __name__ == "__main__":
    main(prog_name="chem-endpoints")
