"""Small exports in the layouts of vendors, with invented people, for tests that need no file from outside."""

SHOPIFY_ORDERS = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Phone,Shipping Country,Cancelled at,Refunded Amount,Id,Source
#2001,nia@shop.test,paid,2025-03-01 10:00:00 +0100,fulfilled,EUR,60.00,5.00,0.00,65.00,,0.00,2025-03-01 09:58:00 +0100,2,Lamp,20.00,L-1,Nia Example,,DE,,0.00,901,web
#2001,nia@shop.test,,,,,,,,,,,,1,Shade,20.00,S-1,,,,,,,
#2002,,paid,2025-03-02 10:00:00 +0100,fulfilled,EUR,30.00,5.00,0.00,35.00,,0.00,2025-03-02 10:00:00 +0100,1,Vase,30.00,V-1,Oli Example,+49 170 1111111,DE,,35.00,902,pos
#2003,Nia@Shop.test ,refunded,2025-03-03 23:30:00 -0500,fulfilled,EUR,40.00,0.00,0.00,40.00,X,2.00,2025-03-03 23:30:00 -0500,2,Lamp,20.00,L-1,Nia Example,,DE,,40.00,903,web
#2004,pam@shop.test,pending,,unfulfilled,EUR,10.00,0.00,0.00,10.00,,0.00,2025-03-04 12:00:00 +0100,1,Card,10.00,C-1,Pam Example,,AT,,0.00,904,web
#2005,pam@shop.test,paid,2025-03-05 12:00:00 +0100,unfulfilled,EUR,25.00,0.00,0.00,25.00,,0.00,2025-03-05 12:00:00 +0100,1,Mug,25.00,M-1,Pam Example,,AT,2025-03-09 08:00:00 +0100,0.00,905,web
#2006,,paid,2025-03-06 12:00:00 +0100,unfulfilled,EUR,8.00,0.00,0.00,8.00,,0.00,2025-03-06 12:00:00 +0100,1,Pen,8.00,P-1,,,AT,,0.00,906,pos
"""

SHOPIFY_PRODUCTS = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price,Cost per item,Status
lamp,Lamp,<p>Warm</p>,Acme,Lighting,,Size,S,L-1,20.00,,8.00,active
lamp,,,,,,Size,L,L-2,30.00,,12.00,active
shade,Shade,,Acme,Lighting,,Title,Default,S-1,20.00,,5.00,active
mug,Mug,,Acme,Kitchen,,Title,Default,M-1,25.00,,,active
"""

STRIPE_PAYMENTS = """\
id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Converted Amount Refunded,Fee,Tax,Converted Currency,Mode,Status,Customer ID,Customer Email,Captured,Refunded date (UTC),Disputed Amount,Dispute Status,PaymentIntent ID
ch_1,Plan,Payment complete.,2024-05-01 10:00,100.00,0.00,gbp,120.00,0.00,3.00,0.00,eur,Live,Paid,cus_A,ann@pay.test,true,,,,pi_1
ch_2,Plan,Payment complete.,2024-05-02 10:00,50.00,50.00,gbp,60.00,60.00,2.00,0.00,eur,Live,Refunded,cus_A,ann@pay.test,true,2024-05-20 09:00,,,pi_2
ch_3,Plan,Payment complete.,2024-05-03 10:00,80.00,20.00,gbp,96.00,24.00,2.00,0.00,eur,Live,Paid,cus_B,ben@pay.test,true,2024-06-01 09:00,,,pi_3
ch_4,Plan,Declined.,2024-05-04 10:00,80.00,0.00,gbp,96.00,0.00,0.00,0.00,eur,Live,Failed,cus_B,ben@pay.test,false,,,,pi_4
ch_5,Plan,Payment complete.,2024-05-05 10:00,10.00,0.00,gbp,12.00,0.00,0.00,0.00,eur,Test,Paid,cus_B,ben@pay.test,true,,,,pi_5
ch_6,Plan,,2024-05-06 10:00,10.00,0.00,gbp,12.00,0.00,0.00,0.00,eur,Live,requires_payment_method,cus_B,ben@pay.test,false,,,,pi_6
ch_7,Plan,Payment complete.,2024-05-07 10:00,40.00,0.00,gbp,48.00,0.00,0.00,0.00,eur,Live,Paid,cus_C,cal@pay.test,true,,48.00,lost,pi_7
"""

STRIPE_SUBSCRIPTIONS = """\
id,Customer ID,Customer Name,Customer Email,Plan,Product,Quantity,Interval,Amount,Currency,Status,Cancellation Reason,Created (UTC),Start (UTC),Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),Trial End (UTC),Canceled At (UTC),Ended At (UTC)
sub_1,cus_A,Ann,ann@pay.test,basic,Tool,1,month,20.00,eur,active,,2024-01-01 10:00,2024-01-01 10:00,2024-01-01 10:00,2024-05-01 10:00,2024-06-01 10:00,,,,
sub_2,cus_B,Ben,ben@pay.test,pro,Tool,3,year,400.00,eur,canceled,too expensive,2023-01-01 10:00,2023-01-01 10:00,2023-01-01 10:00,,,2023-01-01 10:00,2023-01-15 10:00,2023-12-20 10:00,2024-01-01 10:00
sub_3,cus_C,Cal,cal@pay.test,pro,Tool,1,month,40.00,eur,trialing,,2024-05-20 10:00,2024-05-20 10:00,2024-05-20 10:00,,,2024-05-20 10:00,2024-06-03 10:00,,
"""

PAYPAL_GERMAN = """\
"Datum","Uhrzeit","Zeitzone","Name","Typ","Status","Währung","Brutto","Gebühr","Netto","Absender E-Mail-Adresse","Empfänger E-Mail-Adresse","Transaktionscode","Zugehöriger Transaktionscode","Rechnungsnummer","Guthaben"
"01.02.2025","10:00:00","CET","Uli Beispiel","PayPal Express-Zahlung","Abgeschlossen","EUR","1.250,00","-43,40","1.206,60","uli@mail.test","laden@mail.test","T1","","R-1","1.206,60"
"14.02.2025","10:00:00","CET","Vera Beispiel","Website-Zahlung","Abgeschlossen","EUR","99,90","-3,40","96,50","vera@mail.test","laden@mail.test","T2","","R-2","1.303,10"
"15.02.2025","10:00:00","CET","Uli Beispiel","Rückzahlung","Abgeschlossen","EUR","-250,00","0,00","-250,00","laden@mail.test","uli@mail.test","T3","T1","R-1","1.053,10"
"16.02.2025","10:00:00","CET","","Abbuchung auf Bankkonto","Abgeschlossen","EUR","-1.000,00","0,00","-1.000,00","","","T4","","","53,10"
"""

SQUARE_2017 = """\
Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Gift Card Sales,Tax,Tip,Partial Refunds,Total Collected,Source,Card,Card Entry Methods,Cash,Square Gift Card,Other Tender,Other Tender Type,Other Tender Note,Fees,Net Total,Transaction ID,Payment ID,Card Brand,PAN Suffix,Device Name,Staff Name,Staff ID,Details,Description,Event Type,Location,Dining Option,Customer ID,Customer Name,Customer Reference ID,Device Nickname
2017-06-01,09:10:00,Pacific Time (US & Canada),"$1,030.00",-$30.00,"$1,000.00",$0.00,$80.00,$0.00,$0.00,"$1,080.00",Register,"$1,080.00",Chip,$0.00,$0.00,$0.00,,,-$20.00,"$1,060.00",TX1,PY1,Visa,1111,iPad,,,,Table,Payment,Shop,,C1,Dee Example,,
2017-06-08,09:10:00,Pacific Time (US & Canada),$0.00,$0.00,$0.00,$0.00,$0.00,$0.00,($50.00),($50.00),Register,($50.00),,$0.00,$0.00,$0.00,,,$0.00,($50.00),TX1,PY1R,Visa,1111,iPad,,,,,Refund,Shop,,C1,Dee Example,,
"""

WOO_ANALYTICS = """\
Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution
2025-01-05 10:00:00,501,&#36;45.00,completed,Gus Example,new,2× Soap,2,,$45.00,Organic: Google
2025-01-06 11:00:00,502,&#36;30.00,processing,Hal Example,new,1× Towel,1,WELCOME,$30.00,Direct
2025-02-06 11:00:00,503,&#36;20.00,refunded,Gus Example,returning,1× Soap,1,,$20.00,Direct
2025-02-07 11:00:00,504,&#36;20.00,on-hold,Ivy Example,new,1× Soap,1,,$20.00,Direct
2025-02-08 11:00:00,505,&#36;99.00,cancelled,Ivy Example,new,1× Bath,1,,$99.00,Direct
"""

WOO_CUSTOMERS = """\
Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code
Gus Example,gus,2025-02-06,2025-01-05,gus@woo.test,2,65.00,32.50,US,Elko,NV,89801
Hal Example,hal,2025-01-06,2025-01-06,hal@woo.test,1,30.00,30.00,US,Elko,NV,89801
"""

WOO_WEBTOFFEE = """\
order_id,order_number,order_date,paid_date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,cart_discount,order_discount,discount_total,order_total,order_subtotal,order_currency,payment_method,transaction_id,customer_id,customer_user,customer_email,billing_first_name,billing_last_name,billing_email,billing_phone,billing_country,refund_items,coupon_items,line_item_1,line_item_2,"Product Item 1 Name","Product Item 1 id","Product Item 1 SKU","Product Item 1 Quantity","Product Item 1 Total","Product Item 1 Subtotal","Product Item 2 Name","Product Item 2 id","Product Item 2 SKU","Product Item 2 Quantity","Product Item 2 Total","Product Item 2 Subtotal"
71,71,2024-04-01 10:00:00,2024-04-01 10:01:00,completed,5.00,0.00,0,0,10.00,0,0,0,65.00,50.00,PLN,stripe,ch_x,0,,jan@woo.test,Jan,Example,jan@woo.test,600100200,PL,,,name:Soap|product_id:1|sku:SO|quantity:2|total:30.00|sub_total:30.00,name:Towel|product_id:2|sku:TO|quantity:1|total:20.00|sub_total:20.00,Soap,1,SO,2,30.00,30.00,Towel,2,TO,1,20.00,20.00
72,72,2024-04-09 10:00:00,2024-04-09 10:01:00,completed,5.00,0.00,0,0,4.00,0,0,5,24.00,20.00,PLN,stripe,ch_y,0,,kit@woo.test,Kit,Example,kit@woo.test,600100201,PL,"amount:4.00|reason:late|date:2024-04-12 10:00:00",,name:Towel|product_id:2|sku:TO|quantity:1|total:15.00|sub_total:20.00,,Towel,2,TO,1,15.00,20.00,,,,,,
73,73,2024-04-10 10:00:00,,failed,5.00,0.00,0,0,4.00,0,0,0,24.00,15.00,PLN,stripe,,0,,kit@woo.test,Kit,Example,kit@woo.test,600100201,PL,,,name:Towel|product_id:2|sku:TO|quantity:1|total:15.00|sub_total:15.00,,Towel,2,TO,1,15.00,15.00,,,,,,
"""

WOO_ADVANCED = """\
"Order Number","Order Status","Order Date","Customer Note","First Name (Billing)","Last Name (Billing)","Company (Billing)","City (Billing)","Country Code (Billing)","Email (Billing)","Phone (Billing)","Item #",SKU,Name,Quantity,"Quantity (- Refund)","Item Cost","Order Line (w/o tax)","Order Line Tax","Order Line Total","Order Line Total Refunded","Coupon Code","Cart Discount Amount","Order Subtotal Amount","Order Tax Amount","Order Shipping Amount","Order Refund Amount","Order Total Amount"
801,Completed,"2018-07-01 10:00",,Lou,Example,,Bonn,DE,lou@woo.test,0228123456,1,SO,Soap,2,2,10.00,20.00,3.80,23.80,0,,0,50.00,9.50,4.00,0,63.50
801,Completed,"2018-07-01 10:00",,Lou,Example,,Bonn,DE,lou@woo.test,0228123456,2,TO,Towel,1,1,30.00,30.00,5.70,35.70,0,,0,50.00,9.50,4.00,0,63.50
802,Completed,"2018-07-15 10:00",,Mia,Example,,Bonn,DE,mia@woo.test,0228123457,1,SO,Soap,1,1,10.00,10.00,1.90,11.90,0,,0,10.00,1.90,4.00,5.00,15.90
803,Cancelled,"2018-07-16 10:00",,Mia,Example,,Bonn,DE,mia@woo.test,0228123457,1,SO,Soap,1,1,10.00,10.00,1.90,11.90,0,,0,10.00,1.90,4.00,0,15.90
"""

ETSY = """\
Sale Date,Order ID,Buyer User ID,Buyer,Full Name,First Name,Last Name,Number of Items,Payment Method,Date Shipped,Street 1,Street 2,Ship City,Ship State,Ship Zipcode,Ship Country,Currency,Order Value,Coupon Code,Coupon Details,Discount Amount,Shipping Discount,Shipping,Sales Tax,Order Total,Status,Card Processing Fees,Order Net,Adjusted Order Total,Adjusted Card Processing Fees,Adjusted Net Order Amount,Buyer Receipt Message,SKU,Order Type,Payment Type,InPerson Discount,InPerson Location,VAT Paid by Buyer,Date Paid
10/28/25,3001,nora77,Nora,Nora Example,Nora,Example,1,Credit Card,10/29/25,,,Elko,NV,00801,United States,USD,40.00,FALL,Sale,4.00,0.00,5.00,3.00,44.00,Shipped,1.50,42.50,,,,,RING-1,online,online_cc,,,,10/28/2025
10/29/25,3002,otto8,Otto,Otto Example,Otto,Example,2,Credit Card,10/30/25,,,Elko,NV,89801,United States,USD,100.00,,,0.00,0.00,0.00,8.00,108.00,Shipped,3.50,104.50,78.00,2.50,75.50,,RING-2,online,online_cc,,,,10/29/2025
"""

EBAY_GERMAN = """\
Verkaufsprotokollnummer;Bestellnummer;Gesamtbetrag;Verkauft am;Zahlungsdatum;Nutzername des Käufers;Name des Käufers
101;12-00001-00001;EUR 1.012,34;03-Mrz-25;03-Mrz-25;kaeufer_1;Ute Beispiel
102;12-00001-00002;EUR 19,90;14-Mai-25;15-Mai-25;kaeufer_2;Jörg Beispiel
103;12-00001-00003;EUR 5,00;01-Dez-25;01-Dez-25;kaeufer_1;Ute Beispiel
"""

BIGCOMMERCE = """\
Order ID,Order Date,Delivery Date,Order Status,Order Total,Cart Base Amount,Tax Total,Shipping Total,Refund Amount,Payment Method,Card Number (Last 4),First Name,Last Name,Email Address,Phone,Billing Street 1,Billing City,Billing State,Billing Zip Code,Billing Country,Shipping Country,IP Address,Customer Message,Staff Notes
100,2025-06-01,2025-06-04,Completed,59.00,50.00,4.00,5.00,0.00,Card,1111,Pia,Example,pia@big.test,555-0100,1 Rd,Elko,NV,00801,United States,United States,203.0.113.1,,
101,2025-06-02,,Awaiting Fulfillment,24.00,20.00,2.00,2.00,10.00,Card,1111,Quin,Example,quin@big.test,555-0101,1 Rd,Elko,NV,00801,United States,United States,203.0.113.1,,
102,2025-06-03,,Declined,24.00,20.00,2.00,2.00,0.00,Card,1111,Quin,Example,quin@big.test,555-0101,1 Rd,Elko,NV,00801,United States,United States,203.0.113.1,,
103,2025-06-04,,Incomplete,24.00,20.00,2.00,2.00,0.00,Card,1111,Quin,Example,quin@big.test,555-0101,1 Rd,Elko,NV,00801,United States,United States,203.0.113.1,,
"""

GOOGLE_ADS = """\
"Campaign report"
"1 September 2026 - 2 September 2026"
Day,Campaign,Currency code,Cost,Impr.,Clicks,Conversions
2026-09-01,Brand,EUR,"1,010.50","12,000",300,12.00
2026-09-02,Brand,EUR,20.00,900,30,1.00
2026-09-02,Generic,EUR,5.25,100,3,0.00
Total: Campaigns, --,EUR,"1,035.75","13,000",333,13.00
"""

META_ADS_GERMAN = """\
Beginn des Auswertungszeitraums;Ende des Auswertungszeitraums;Name der Kampagne;Tag;Ausgegebener Betrag (EUR);Impressionen;Link-Klicks;Käufe;Conversion-Wert von Käufen
2026-09-01;2026-09-02;Herbst;2026-09-01;12,50;3.400;51;2;118,00
2026-09-01;2026-09-02;Herbst;2026-09-02;1.010,00;3.100;40;1;59,00
"""

GA4_REPORT = """\
# ----------------------------------------
# Traffic acquisition: Session primary channel group
# Account: Shop
# Start date: 20260501
# End date: 20260531
# ----------------------------------------
Session primary channel group (Default channel group),Sessions,Engaged sessions,Engagement rate,Average engagement time per session,Events per session,Event count,Key events,Session key event rate,Total revenue
Organic Search,1200,800,0.66,55.1,8.2,9840,40,0.03,2400.50
Direct,900,400,0.44,31.0,5.0,4500,12,0.01,800
,2100,1200,0.57,44.8,6.8,14340,52,0.02,3200.50
"""

HUBSPOT_COMPANIES = """\
Record ID,Company name,Website URL,Company owner,Create Date,Legal entity address
9001,Bluebay Ltd,https://www.bluebay.test/about,Sam,2025-01-01 10:00,1 Rd
9002,Harbour Ltd,harbour.test,Sam,2025-02-01 10:00,2 Rd
"""

HUBSPOT_DEALS_WON = """\
Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Deal owner,Associated Company,Associated Contact IDs
1,First,Closed Won,Sales,1000,2025-01-10 10:00,2024-12-01 10:00,Sam,Bluebay Ltd,8001;8002
2,Second,Closed Won,Sales,500,2025-03-10 10:00,2025-02-01 10:00,Sam,Bluebay Ltd,8001
3,Third,Closed Lost,Sales,700,2025-03-11 10:00,2025-02-01 10:00,Sam,Harbour Ltd,8003
4,Fourth,Verbal yes,Sales,800,2025-04-11 10:00,2025-02-01 10:00,Sam,Harbour Ltd,8003
"""

ZOHO_LEADS = """\
Lead Name,Email,Phone,Lead Source,Lead Owner,Lead Status,Industry
Ria Example,ria@crm.test,555-3001,Web,Sam,Contacted,Retail
Sid Example,sid@crm.test,555-3002,Referral,Sam,Junk Lead,Retail
"""

MAILCHIMP_2021 = """\
Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LAST_CHANGED,LEID,EUID,NOTES,TAGS,UNSUB_TIME
tia@mail.test,Tia,Example,,4,"2021-01-01 10:00:00",203.0.113.9,"2021-01-01 10:05:00","2021-05-01 10:00:00",1,a,,vip,
udo@mail.test,Udo,Example,,2,"2021-01-02 10:00:00",203.0.113.9,"2021-01-02 10:05:00","2021-06-01 10:00:00",2,b,,,"2021-06-01 10:00:00"
"""

SEGMENT = """\
{"type":"track","event":"Order Completed","userId":"u1","anonymousId":"a1","messageId":"m1","timestamp":"2025-01-01T10:00:00Z","properties":{"order_id":"o1","total":27.5,"subtotal":22.5,"revenue":25.0,"shipping":3,"tax":2,"currency":"USD"},"context":{"campaign":{"source":"news","medium":"email","name":"jan"}}}
{"type":"track","event":"Product Viewed","userId":"u1","anonymousId":"a1","messageId":"m2","timestamp":"2025-01-02T10:00:00Z","properties":{"sku":"x"}}
{"type":"track","event":"Order Completed","userId":"u2","anonymousId":"a2","messageId":"m3","timestamp":"2025-02-01T10:00:00Z","properties":{"order_id":"o2","total":50,"shipping":5,"tax":5,"currency":"USD"}}
{"type":"track","event":"Order Refunded","userId":"u1","anonymousId":"a1","messageId":"m4","timestamp":"2025-02-03T10:00:00Z","properties":{"order_id":"o1","total":30,"currency":"USD"}}
{"type":"track","event":"Order Cancelled","userId":"u2","anonymousId":"a2","messageId":"m5","timestamp":"2025-02-04T10:00:00Z","properties":{"order_id":"o2"}}
"""

GA4_EVENTS = """\
{"event_date":"20250101","event_timestamp":"1735725600000000","event_name":"session_start","user_pseudo_id":"p1","user_id":null,"device":{"category":"mobile"},"geo":{"country":"France"},"traffic_source":{"medium":"cpc","name":"spring","source":"google"},"ecommerce":{"transaction_id":null,"purchase_revenue":null,"tax_value":null,"shipping_value":null}}
{"event_date":"20250101","event_timestamp":"1735729200000000","event_name":"purchase","user_pseudo_id":"p1","user_id":null,"device":{"category":"mobile"},"geo":{"country":"France"},"traffic_source":{"medium":"cpc","name":"spring","source":"google"},"ecommerce":{"transaction_id":"t1","purchase_revenue":"40.0","tax_value":"4.0","shipping_value":"5.0"}}
{"event_date":"20250201","event_timestamp":"1738404000000000","event_name":"purchase","user_pseudo_id":"p1","user_id":null,"device":{"category":"mobile"},"geo":{"country":"France"},"traffic_source":{"medium":"(none)","name":"(direct)","source":"(direct)"},"ecommerce":{"transaction_id":"t2","purchase_revenue":"20.0","tax_value":"2.0","shipping_value":"0"}}
"""
