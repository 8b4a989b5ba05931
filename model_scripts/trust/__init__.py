"""How far to trust a prediction: spread, intervals, confidence, nearest training compounds, applicability domain."""
