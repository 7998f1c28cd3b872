"""HTTP under `/api/v1`: reads a request, calls the pipeline, and words the answer. No decisions of its own."""
