"""What a notebook shows of endpoints and answers: drawings, a sortable grid, SD files."""
