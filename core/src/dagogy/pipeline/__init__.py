"""Spec -> generate -> validate -> plan -> iterate, as functions from documents to documents."""
