"""Self-report instruments: their exact wording, scoring, change over time, and export.

A score describes answers. It is not a diagnosis.
"""
