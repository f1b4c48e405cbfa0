"""The vocabulary itself: every role with its words, the preferred first; English, German, French,
Dutch and more."""

from __future__ import annotations

from keepers.data.vocabulary import Role, RoleType, header_key


def _role(name: str, kind: RoleType, words: str = "", never: str = "") -> Role:
    keys = tuple(dict.fromkeys(header_key(word) for word in words.replace("\n", " ").split(",") if word.strip()))
    return Role(name, kind, keys, frozenset(never.split()))


_T, _M, _N, _D, _F = RoleType.TEXT, RoleType.MONEY, RoleType.NUMBER, RoleType.MOMENT, RoleType.FLAG

_NOT_THE_ORDER = (
    """ship shipped shipping delivery delivered due birth birthday updated modified payout deposit
            settlement expiry"""
    """expires valid refunded refund cancelled canceled cancel last next lieferdatum versand geburtsdatum
            livraison"""
    "naissance entrega envio verzend geboorte fulfilled dispute dispatched start end"
)
_NOT_REVENUE = (
    """tax taxes vat fee fees shipping discount refund refunded cost costs cogs commission tip balance
            points quantity"""
    """mwst steuer versand rabatt gebuhr tva livraison remise frais btw korting verzendkosten impuesto
            envio descuento"""
    """imposto frete desconto iva spedizione sconto margin profit paid due outstanding fee count number
            id rate currency"""
    "method type status code name date"
)

ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        _role(
            "order_id",
            _T,
            """order id, order number, order, order no, order name, order reference, invoice number, invoice no,
            invoice id, invoice, transaction id, transaction number, receipt number, receipt id, receipt, sale
            id, purchase id, payment id, basket id, ticket number, document number, bestellnummer, bestell nr,
            auftragsnummer, auftrag, bestellung, rechnungsnummer, rechnungs nr, rechnung nr, belegnummer,
            beleg nr, verkaufsprotokollnummer, transaktionscode, transaktions id, numero de commande, no de
            commande, id commande, commande, numero de facture, facture, bestelnummer, ordernummer,
            factuurnummer, bestelling, numero de pedido, n pedido, pedido, id pedido, numero de factura,
            factura, numero do pedido, id do pedido, nota fiscal, codigo da transacao, numero ordine, id
            ordine, ordine, numero fattura, fattura, zamowienie, ordrenummer""",
            """item line date total amount status value type source count items qty quantity customer name
            discount""",
        ),
        _role("transaction_id", _T, "transaction id, payment id, charge id, paymentintent id"),
        _role(
            "customer_id",
            _T,
            """customer id, customer number, customer no, customer key, customer code, customer, cust id, custid,
            customer ref, customer reference, client id, client number, client, user id, userid, user, member
            id, member number, member, account id, account number, buyer id, buyer user id, shopper id,
            patient id, guest id, donor id, subscriber id, person id, contact id, card number, loyalty id,
            household id, kundennummer, kunden nr, kunden id, kunde, kundennr, debitor, debitorennummer,
            mitgliedsnummer, nutzername des kaufers, kaufer, numero client, no client, id client, code client,
            numero de client, identifiant client, klantnummer, klant id, klantcode, klant, klantnr, cliente,
            id cliente, numero de cliente, codigo cliente, codigo de cliente, codigo do cliente, id do
            cliente, comprador, cpf, codice cliente, id del cliente, numero cliente, kundenummer,
            asiakasnumero, buyer, buyer username, consumer id, visitor id, uid""",
            """name email e mail phone group type notes note service date country city address since first last
            segment status currency revenue total amount card company agent ip tax tags message zip state
            street since count""",
        ),
        _role(
            "email",
            _T,
            """email, email address, customer email, e mail, e mail address, mail, billing email, email billing,
            buyer email, purchase email, contact email, user email, client email, from email address, e mail
            adresse, emailadresse, kunden e mail, e mail adresse des kaufers, absender e mail adresse, adresse
            e mail, courriel, adresse email, email client, e mailadres, emailadres, mailadres, correo
            electronico, correo, email cliente, email do cliente, email do comprador, endereco de e mail,
            posta elettronica, indirizzo email, e post""",
            "accepts marketing to subscribed status consent opt verified campaign recipient merchant vendor sent",
        ),
        _role(
            "phone",
            _T,
            """phone, phone number, customer phone, mobile, mobile number, telephone, billing phone, phone
            billing, contact phone number, cell, tel, telefon, telefonnummer, handy, mobilnummer, telephone
            client, portable, telefoon, telefoonnummer, mobiel, telefono, telefono movil, telefone, celular,
            cellulare""",
            "model type shipping",
        ),
        _role(
            "name",
            _T,
            """customer name, full name, buyer name, client name, billing name, name, contact name, user name,
            buyer, name des kaufers, kundenname, nom du client, nom complet, klantnaam, naam, nombre del
            cliente, nombre completo, nombre, nome do cliente, nome completo, nome, nome cliente, lead name""",
            "product item campaign company first last file event plan staff device discount tax shipping",
        ),
        _role("first_name", _T, "first name, given name, vorname, prenom, voornaam, nombre, primer nombre, firstname"),
        _role(
            "last_name",
            _T,
            "last name, surname, family name, nachname, nom, achternaam, apellidos, apellido, sobrenome",
        ),
        _role(
            "date",
            _D,
            """order date, ordered at, order datetime, order time, order created at, order placed at, date
            ordered, order timestamp, invoice date, purchase date, purchased at, purchase time, transaction
            date, transaction time, sale date, sold at, sold on, date of sale, date of purchase, sale time,
            created at, created, date created, created on, create date, created date, date paid, paid at, paid
            date, payment date, paid on, date, datetime, timestamp, time stamp, day, event date, occurred at,
            visit date, receipt date, posting date, booking date, charge date, close date, bestelldatum,
            bestellt am, auftragsdatum, rechnungsdatum, kaufdatum, verkauft am, verkaufsdatum, belegdatum,
            buchungsdatum, erstellt am, zahlungsdatum, bezahlt am, datum, tag, date de commande, date
            commande, date de la commande, date d achat, date achat, date de vente, date de facture, date
            facture, date de creation, date de paiement, besteldatum, orderdatum, factuurdatum, aankoopdatum,
            verkoopdatum, betaaldatum, aangemaakt op, fecha de pedido, fecha pedido, fecha del pedido, fecha
            de compra, fecha compra, fecha de venta, fecha venta, fecha de factura, fecha factura, fecha de
            creacion, fecha de pago, fecha, data do pedido, data pedido, data da compra, data de compra, data
            da venda, data venda, data da fatura, data de criacao, data de pagamento, data ordine, data dell
            ordine, data acquisto, data vendita, data fattura, data di creazione, data, data zamowienia,
            ordredato, dato, order day, transaction datetime""",
            _NOT_THE_ORDER,
        ),
        _role(
            "time",
            _T,
            "time, time of day, sale time, uhrzeit, zeit, heure, tijd, hora, ora, purchase time",
            "zone date",
        ),
        _role(
            "time_zone", _T, "time zone, timezone, tz, zeitzone, fuseau horaire, tijdzone, zona horaria, fuso horario"
        ),
        _role(
            "amount",
            _M,
            """amount, order amount, order value, sales, sales amount, revenue, turnover, spend, value, price,
            paid, monetary value, transaction amount, purchase amount, invoice amount, basket value, payment
            amount, sale price, sales value, usd, eur, gbp, dollars, betrag, umsatz, bestellwert, warenwert,
            preis, wert, montant, montant de la commande, chiffre d affaires, ca, prix, valeur, bedrag,
            orderbedrag, omzet, prijs, waarde, orderwaarde, importe, monto, valor, valor do pedido, valor da
            compra, venta, ventas, ingresos, precio, preco, receita, importo, prezzo, ricavo, fatturato,
            valore, kwota, belop, amount paid, total spent, total paid, total sales, n revenue""",
            _NOT_REVENUE + " unit line item net gross subtotal",
        ),
        _role(
            "net_amount",
            _M,
            """subtotal, sub total, order subtotal, net sales, net revenue, net amount, net total, net order
            value, net value, revenue net, amount excl tax, amount excl vat, total excl tax, total excl vat,
            total excluding tax, order subtotal amount, cart base amount, zwischensumme, netto, nettobetrag,
            nettoumsatz, summe netto, sous total, montant ht, total ht, prix ht, montant net, subtotaal,
            nettobedrag, bedrag excl btw, totaal excl btw, importe neto, base imponible, neto, total sin iva,
            valor liquido, total liquido, importo netto, imponibile, subtotale, totale netto""",
            "fee fees unit line item price stripe payout tax",
        ),
        _role(
            "gross",
            _M,
            """total, order total, grand total, total amount, total price, gross, gross sales, gross amount,
            total collected, total paid, amount total, order total amount, invoice total, total value, total
            incl tax, total incl vat, amount incl tax, gesamtbetrag, gesamtsumme, gesamt, gesamtpreis, summe,
            brutto, bruttobetrag, rechnungsbetrag, endbetrag, total ttc, montant ttc, montant total, prix
            total, totaal, totaalbedrag, totaal incl btw, bedrag incl btw, brutobedrag, importe total, total
            con iva, monto total, total pedido, valor total, total do pedido, total bruto, totale, importo
            totale, totale ordine, suma""",
            """tax taxes shipping discount refund refunded fee items quantity orders spent line unit paid by cost
            count number""",
        ),
        _role(
            "tax",
            _M,
            """tax, taxes, sales tax, vat, tax total, total tax, tax amount, vat amount, order tax amount, gst,
            mwst, ust, steuer, umsatzsteuer, mehrwertsteuer, mwst betrag, tva, montant tva, taxe, btw, btw
            bedrag, iva, impuesto, impuestos, imposto, impostos, imposta""",
            "name rate id code number exempt fee fees shipping line unit paid included",
        ),
        _role(
            "shipping",
            _M,
            """shipping, shipping total, shipping cost, shipping amount, shipping price, postage, freight,
            delivery cost, delivery fee, shipping and handling, shipping and handling amount, order shipping
            amount, shipping charge, versand, versandkosten, porto, lieferkosten, frais de port, frais de
            livraison, livraison, verzendkosten, verzending, gastos de envio, envio, costes de envio, frete,
            portes, spese di spedizione, spedizione""",
            """method name address city zip country street state tax discount phone company date refund status
            provider""",
        ),
        _role(
            "discount",
            _M,
            """discount, discount amount, discounts, total discount, discount total, cart discount amount, cart
            discount, rabatt, rabattbetrag, nachlass, remise, montant remise, reduction, korting,
            kortingsbedrag, descuento, descuentos, desconto, descontos, sconto""",
            "code name shipping tax line coupon reason type details percentage inperson",
        ),
        _role(
            "refunded",
            _M,
            """refunded amount, amount refunded, refund amount, refunded, refunds, order refund amount, total
            refunded, partial refund, partial refunds, returned amount, erstattet, erstattung,
            erstattungsbetrag, rembourse, montant rembourse, remboursement, terugbetaald, terugbetaling,
            reembolsado, reembolso, importe reembolsado, devolucion, valor reembolsado, rimborso, importo
            rimborsato""",
            "date at reason line status fully id quantity",
        ),
        _role(
            "refunded_at",
            _D,
            "refunded date, refunded at, refund date, refunded on, date refunded, erstattet am, rembourse le",
        ),
        _role(
            "cancelled_at",
            _D,
            """cancelled at, canceled at, cancelled date, canceled date, cancellation date, cancelled on, voided
            at, storniert am, stornodatum, annule le, date d annulation, geannuleerd op, cancelado em, fecha
            de cancelacion""",
        ),
        _role("settled_amount", _M),
        _role("settled_refunded", _M),
        _role("settled_currency", _T),
        _role("fully_refunded", _F),
        _role("disputed", _M),
        _role("dispute_status", _T),
        _role("refund_items", _T),
        _role("customer_type", _T),
        _role("invoice", _T),
        _role("medium", _T),
        _role("landing_page", _T),
        _role("visitor_id", _T),
        _role("domain", _T),
        _role("industry", _T),
        _role("account_id", _T),
        _role("subscription_id", _T),
        _role("plan", _T),
        _role("interval", _T),
        _role("started_on", _D),
        _role("trial_ends_on", _D),
        _role("ended_on", _D),
        _role("cancellation_reason", _T),
        _role("unsubscribed_at", _D),
        _role("accepts_sms", _F),
        _role("rating", _N),
        _role("sessions", _N),
        _role("tip", _M, "tip, tips, gratuity, trinkgeld, pourboire, fooi, propina"),
        _role("adjusted_total", _M, "adjusted order total, adjusted total"),
        _role(
            "paid_at",
            _D,
            "paid at, date paid, paid date, payment date, paid on, zahlungsdatum, bezahlt am, betaaldatum",
        ),
        _role(
            "status",
            _T,
            """order status, status, financial status, payment status, transaction status, state of order,
            bestellstatus, zahlungsstatus, auftragsstatus, statut, statut de la commande, etat, orderstatus,
            betaalstatus, estado, estado del pedido, estado do pedido, situacao, stato, stato ordine""",
            """fulfillment fulfilment shipping delivery address tax verified card avs cvc dispute marketing
            marital lead line""",
        ),
        _role(
            "type",
            _T,
            "event type, transaction type, type, record type, typ, soort, tipo, art, vorgang, evento",
            "customer order payment product card item lead address",
        ),
        _role(
            "reference",
            _T,
            """reference txn id, reference transaction id, original order, original transaction id, parent order
            id, refund of, related order, original invoice, zugehoriger transaktionscode""",
        ),
        _role("mode", _T, "mode, livemode, live mode, test, is test, test order, environment"),
        _role(
            "currency",
            _T,
            """currency, currency code, order currency, presentment currency, ccy, iso currency, wahrung, devise,
            monnaie, valuta, moneda, divisa, moeda, waluta""",
            "rate symbol converted",
        ),
        _role(
            "quantity",
            _N,
            """quantity, qty, item quantity, units, pieces, lineitem quantity, number of items, items, items
            sold, count, menge, anzahl, stuck, stueckzahl, quantite, qte, nombre d articles, aantal,
            hoeveelheid, stuks, cantidad, unidades, quantidade, qtd, qtde, quantita""",
            "refund stock inventory orders in customers",
        ),
        _role(
            "unit_price",
            _M,
            """unit price, price per unit, item price, price each, price, unit cost price, lineitem price, item
            cost, einzelpreis, stuckpreis, preis, prix unitaire, prix, stukprijs, prijs per stuk, prijs,
            precio unitario, precio, preco unitario, preco, valor unitario, prezzo unitario, prezzo, sale
            price""",
            "total compare shipping list cost tax discount",
        ),
        _role(
            "line_amount",
            _M,
            """line total, line amount, line item total, item total, extended price, line revenue, order line
            total, positionssumme, zeilensumme, positionsbetrag, total ligne, montant ligne, regeltotaal,
            total linea, importe linea, total do item, totale riga, item revenue, product revenue""",
            "tax refunded",
        ),
        _role("line_discount", _M, "lineitem discount, line discount, item discount, positionsrabatt, remise ligne"),
        _role(
            "sku",
            _T,
            """sku, stock code, stockcode, article number, item number, product id, product code, item id, item
            code, article id, lineitem sku, artikelnummer, artikel nr, reference produit, ref produit, code
            article, artikelcode, referencia, codigo producto, codigo do produto, codice articolo, upc, ean,
            asin, product number""",
            "order line name",
        ),
        _role(
            "product",
            _T,
            """product, product name, item, item name, description, product title, article, title, lineitem name,
            products, item title, artikel, artikelbezeichnung, bezeichnung, produkt, produktname, produit, nom
            du produit, libelle, designation, artikelnaam, omschrijving, producto, nombre del producto,
            descripcion, articulo, produto, nome do produto, descricao, prodotto, nome prodotto, descrizione""",
            "id type category count quantity price number total code seo statement customer",
        ),
        _role(
            "category",
            _T,
            """category, product category, product type, item category, department, product line, warengruppe,
            kategorie, produktkategorie, categorie, rayon, categoria, reparto, productgroep""",
            "tax id",
        ),
        _role(
            "channel",
            _T,
            """channel, sales channel, marketing channel, utm source, source, traffic source, acquisition
            channel, lead source, original source, medium, referrer source, kanal, vertriebskanal, quelle,
            canal, canal de vente, kanaal, verkoopkanaal, bron, origen, canal de venta, origem, canale""",
            "id name grouping tax card payment",
        ),
        _role(
            "campaign",
            _T,
            "campaign, campaign name, utm campaign, kampagne, campagne, campana, campanha, campagna",
            "id status type",
        ),
        _role(
            "country",
            _T,
            """country, country code, billing country, shipping country, ship country, customer country, country
            code billing, country region, land, lieferland, rechnungsland, pays, pays de livraison, pais,
            paese, kraj""",
            "card of origin issue",
        ),
        _role(
            "region",
            _T,
            """region, state, province, province code, billing state, ship state, shipping state, bundesland,
            provincie, provincia, estado""",
        ),
        _role(
            "city",
            _T,
            """city, town, town city, billing city, ship city, shipping city, stadt, ort, ville, stad, plaats,
            ciudad, cidade, citta""",
        ),
        _role(
            "discount_code",
            _T,
            """discount code, coupon code, coupon, coupons, promo code, voucher, voucher code, coupons used,
            gutscheincode, gutschein, code promo, kortingscode, codigo de descuento, cupon, cupom""",
            "amount value",
        ),
        _role(
            "unit_cost",
            _M,
            """unit cost, cost per item, cost of goods, cogs, cost price, item cost price, einkaufspreis, ek
            preis, prix d achat, prix de revient, inkoopprijs, kostprijs, coste, costo, custo""",
            "shipping total",
        ),
        _role("order_cost", _M, "order cost, total cost, cost of goods sold, total cogs, wareneinsatz"),
        _role(
            "contribution",
            _M,
            """contribution, contribution margin, gross profit, profit, margin amount, deckungsbeitrag,
            rohertrag, marge, marge brute, beneficio, margen, lucro""",
        ),
        _role(
            "created_at",
            _D,
            """created at, created, create date, created date, date created, sign up, signup date, registered at,
            registration date, member since, customer since, optin time, confirm time, angelegt am,
            registriert am, date d inscription, aangemaakt op, fecha de registro, data de cadastro""",
            "by",
        ),
        _role(
            "orders_count",
            _N,
            """total orders, orders count, orders, number of orders, order count, payment count, anzahl
            bestellungen, nombre de commandes""",
        ),
        _role(
            "total_spent",
            _M,
            """total spent, total spend, lifetime spend, total revenue, lifetime value, gesamtumsatz, total
            depense""",
        ),
        _role(
            "accepts_marketing",
            _F,
            """accepts email marketing, accepts marketing, email marketing consent, marketing opt in, newsletter,
            subscribed""",
        ),
        _role("tags", _T, "tags, customer tags, labels, schlagworter"),
        _role(
            "company",
            _T,
            """company, company name, organisation, organization, account name, firma, unternehmen, societe,
            entreprise, bedrijf, empresa, azienda""",
        ),
        _role("lead_id", _T, "lead id, record id, contact id, deal id, opportunity id, id"),
        _role("stage", _T, "lifecycle stage, deal stage, stage, opportunity stage, phase, etape"),
        _role(
            "owner",
            _T,
            """contact owner, deal owner, lead owner, owner, owner id, account owner, sales rep, besitzer,
            proprietaire""",
        ),
        _role("closed_on", _D, "close date, closed date, closed at, won date, abschlussdatum"),
        _role(
            "spend",
            _M,
            """amount spent, spend, cost, ad spend, total cost, ausgegebener betrag, kosten, ausgaben, montant
            depense, cout, uitgegeven bedrag, importe gastado, coste, gasto, valor usado, custo, valor gasto,
            importo speso, costo""",
            "per",
        ),
        _role(
            "impressions",
            _N,
            """impressions, impr, impressionen, einblendungen, vertoningen, weergaven, impresiones, impressoes,
            impressioni""",
        ),
        _role(
            "clicks",
            _N,
            """clicks, link clicks, klicks, link klicks, clics, clics sur un lien, klikken, clics en el enlace,
            cliques, cliques no link, clic, clic sul link""",
            "cost per",
        ),
        _role(
            "conversions",
            _N,
            """purchases, conversions, results, kaufe, conversions kaufe, achats, aankopen, compras, acquisti,
            konversionen, ergebnisse, conversies, conversiones, conversoes, conversioni""",
            "value cost per rate",
        ),
        _role(
            "conversion_value",
            _M,
            """purchases conversion value, conversion value, conv value, total conversion value, conversion wert
            von kaufen, valeur de conversion des achats, valor de conversion de compras""",
            "cost per roas",
        ),
        _role("platform", _T, "platform, ad platform, network, channel, marketing channel, source"),
    )
}
"""Every role by name."""
