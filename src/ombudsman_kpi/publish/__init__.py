"""What people read: tables, the page, workbooks, charts, returns; and what small numbers may not say. Internal."""
