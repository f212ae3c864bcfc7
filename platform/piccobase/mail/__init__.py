"""Mail: what is written to people, and how it leaves. Knows neither settings nor jobs: `app/mailing.py` brings them.

`message.py` is one mail as a value and as the bytes that travel, `placeholders.py` and `sandbox.py` are the two ways
in which templates are filled, `accounts.py` the mails about accounts, `sending.py` what others call, and `smtp.py`,
`console.py` and `collecting.py` are where a mail can go.
"""
