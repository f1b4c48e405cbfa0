"""Meta's ads reports, in the languages of Ads Manager; the currency stands inside a header."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="meta ads",
    label="Meta ads report",
    shape=Shape.SPEND,
    columns={
        "date": """Day, Date, Tag, Jour, Dag, Día, Dia, Giorno, Reporting starts, Beginn des Auswertungszeitraums,
            Début des rapports, Inicio del informe, Início dos relatórios, Begin rapportage, Inizio dei report""",
        "campaign": """Campaign name, Name der Kampagne, Kampagnenname, Nom de la campagne, Campagnenaam,
            Nombre de la campaña, Nome da campanha, Nome della campagna""",
        "spend": """Amount spent (USD), Ausgegebener Betrag (EUR), Montant dépensé (EUR), Besteed bedrag (EUR),
            Uitgegeven bedrag (EUR), Importe gastado (EUR), Valor usado (BRL), Valor gasto (BRL),
            Importo speso (EUR)""",
        "currency": "Currency",
        "impressions": "Impressions, Impressionen, Vertoningen, Weergaven, Impresiones, Impressões",
        "clicks": """Link clicks, Clicks (all), Link-Klicks, Klicks (alle), Clics sur un lien, Klikken op link,
            Clics en el enlace, Cliques no link, Clic sul link""",
        "conversions": "Purchases, Käufe, Achats, Aankopen, Compras, Acquisti, Results, Ergebnisse",
        "conversion_value": """Purchases conversion value, Purchase conversion value, Conversion-Wert von Käufen,
            Valeur de conversion des achats, Conversiewaarde van aankopen, Valor de conversión de compras""",
    },
    marks=("campaign", "spend", "impressions"),
    never="Currency code, Campaign ID type",
    constants={"platform": "'meta'"},
)
