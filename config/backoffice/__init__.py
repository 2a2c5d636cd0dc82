"""The model-less kit that every app builds its pages and endpoints with; it imports no app."""
