"""The room at `/admin/tables/`: Piccolo Admin over the record service, which reads and writes in place of its queries.

    application.py   Piccolo Admin, put together for this server, behind an allow-list of its paths
    crud.py          what it asks of a table, answered by the record service as the superuser who has signed in
    form.py          a collection's form: its schema, a record in it, and what a form that comes back wants changed
    kinds.py         a field in a form, a kind of field a class; choosing.py says which one a field is
    listing.py       its filters, sort and pages as a list query
    labels.py        what a record is called where another one points to it

Nothing here is imported before the room is first opened.
"""
