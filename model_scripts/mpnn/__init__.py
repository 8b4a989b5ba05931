"""Directed message passing (ChemProp) with torch alone: graphs, network, forward pass."""
