"""eBay's orders report, in the languages of its sites; an order of several articles has a row for itself first."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="ebay orders",
    label="eBay orders report",
    shape=Shape.SALES,
    lines=True,
    columns={
        "order_id": """Order Number, Bestellnummer, Sales Record Number, Verkaufsprotokollnummer, Numéro de commande,
            Número de pedido, Numero ordine""",
        "customer_id": """Buyer Username, User Id, Nutzername des Käufers, Pseudo de l'acheteur,
            Nombre de usuario del comprador, Nome utente acquirente""",
        "name": "Buyer Name, Buyer Full name, Name des Käufers, Nom de l'acheteur, Nombre del comprador, Nome "
        "acquirente",
        "email": "Buyer Email, E-Mail des Käufers, Email de l'acheteur",
        "date": "Sale Date, Verkauft am, Date de vente, Fecha de venta, Data vendita, Paid On Date, Zahlungsdatum",
        "gross": "Total Price, Gesamtbetrag, Prix total, Precio total, Prezzo totale",
        "shipping": "Shipping And Handling, Verpackung und Versand, Frais d'expédition",
        "tax": "Seller Collected Tax, eBay Collected Tax, Vom Verkäufer eingezogene Steuer",
        "quantity": "Quantity, Anzahl, Quantité, Cantidad, Quantità",
        "unit_price": "Sold For, Verkauft für, Vendu pour",
        "product": "Item Title, Angebotstitel, Titre de l'objet",
        "sku": "Custom Label, Item Number, Bestandseinheit, Artikelnummer",
        "country": "Buyer Country, Ship To Country, Land des Käufers, Versand nach Land",
    },
    marks=("order_id", "customer_id", "date", "gross"),
    amount="gross - coalesce(tax, 0) - coalesce(shipping, 0)",
    gross="gross",
)
