"""Records: a verb a file. Rules become part of the statement, drafts become rows, rows become JSON."""
