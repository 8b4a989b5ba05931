"""SMILES, standardisation, descriptors and scaffolds: what the model scripts know about molecules."""
