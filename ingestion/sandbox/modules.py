"""The read modules of the interface: natural key and the filters that a request may carry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Module:
    """One `/{name}/read` endpoint. `filters` maps the name in the request to the field that it is compared with."""

    name: str
    key: str
    filters: dict[str, str]


def _module(name: str, key: str, *filters: str, **renamed: str) -> Module:
    return Module(name, key, {field: field for field in filters} | renamed)


MODULES = {
    module.name: module
    for module in (
        _module("prsp", "idProspect", "idProspect", "idSalesPeople"),
        _module("pkb", "noWorkOrder", "noWorkOrder"),
        _module("pinb", "noPenerimaan", "noPO"),
        _module("lsng", "idDokumenPengajuan", "idSPK"),
        _module("doch", "idSO", "idSPK", "idCustomer"),
        _module("uinb", "noShippingList", "poId", "noShippingList"),
        _module("bast", "deliveryDocumentId", "deliveryDocumentId", "idSPK", "idCustomer"),
        _module("inv1", "idInvoice", "idSPK", "idCustomer"),
        _module("inv2", "noWorkOrder", "noWorkOrder"),
        _module("mdinvh1", "noInvoice", "poId", "noShippingList"),
        # The interface calls the filter noPO, but it is the sales order's number; some clients send it as noSO.
        _module("prsl", "noSO", "noSO", noPO="noSO"),
        _module("dphlo", "noInvoiceUangJaminan", "noWorkOrder", "idHLODocument"),
        _module("unpaidhlo", "idHLODocument", "noWorkOrder", "idHLODocument"),
        _module("mdinvh3", "noInvoice", "noPO"),
        _module("spk", "idSpk", "idProspect", "idSalesPeople"),
    )
}
