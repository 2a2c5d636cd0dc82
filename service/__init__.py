"""Service: appointments, work orders, inspections, technicians' time."""
