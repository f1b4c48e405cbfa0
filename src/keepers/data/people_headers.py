"""How people head the columns of lists about their customers: who, when, and what no such list has."""

PEOPLE = {
    "customer_id": """
        customer id, customer key, customer number, customer, client id, user id, userid, member id, contact id,
        subscriber id, person id, profile id, recipient id, account id, kundennummer, kunden id, kunde, numero client,
        id client, klantnummer, id cliente, numero de cliente, codigo cliente, codice cliente""",
    "email": """
        email, email address, e mail, mail, customer email, recipient, recipient email, recipient email address,
        contact email, user email, subscriber email, respondent email, reviewer email, respondent, e mail adresse,
        emailadresse, adresse e mail, courriel, e mailadres, emailadres, correo electronico, correo,
        indirizzo email""",
    "phone": "phone, phone number, mobile, telefon, telephone, telefono, telefone, telefoonnummer",
}
"""Who it is about."""

WHEN = """
    occurred at, timestamp, date, time, date time, datetime, event date, event time, event timestamp, happened at,
    activity date, activity time, created at, created, sent at, opened at, datum, zeitpunkt, zeitstempel, uhrzeit,
    date
    heure, horodatage, fecha, fecha y hora, data, data e ora, tijdstip"""
"""When it happened."""

NO_SALES = """
    order id, order number, order, order name, invoice number, invoice, invoice id, total, subtotal, amount,
    order total,
    order value, gross, net, revenue, price, unit price, quantity, sku, line total, bestellnummer, betrag, umsatz,
    montant,
    commande, importe, pedido, totale, bedrag, impressions, spend, amount spent, financial status"""
"""What only lists of orders or of advertising have."""
