"""What a prediction owes to each feature and to each atom."""
