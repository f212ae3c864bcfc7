"""HTTP: requests decoded, answers encoded, errors in the one wire shape. Calls services; knows no SQL and no filter."""
