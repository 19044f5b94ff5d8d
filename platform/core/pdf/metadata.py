"""XMP that declares PDF/A-3a and PDF/UA-1 in one RDF block.

WeasyPrint writes only one variant. Its own way to add another appends a second RDF block, which is invalid XMP.
"""

from xml.etree import ElementTree

from weasyprint.pdf.metadata import DocumentMetadata

# PDF/A-3 has no PDF/UA property. Without an extension schema that describes it, a PDF/A validator refuses the file.
PDFUA = """
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about=""
   xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
 <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
   xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
  <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
   <pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
   <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
   <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
   <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
    <pdfaProperty:name>part</pdfaProperty:name>
    <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
    <pdfaProperty:category>internal</pdfaProperty:category>
    <pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
   </rdf:li></rdf:Seq></pdfaSchema:property>
  </rdf:li></rdf:Bag></pdfaExtension:schemas>
 </rdf:Description>
</rdf:RDF>
"""
for prefix, path in (("pdfaExtension", "extension/"), ("pdfaSchema", "schema#"), ("pdfaProperty", "property#")):
    ElementTree.register_namespace(prefix, f"http://www.aiim.org/pdfa/ns/{path}")


class ArchiveMetadata(DocumentMetadata):  # type: ignore[misc]  # WeasyPrint is untyped
    def generate_rdf_metadata(self, variant: str, version: int, conformance: str) -> bytes:
        rendered = super().generate_rdf_metadata(variant, version, conformance)
        rdf = ElementTree.fromstring(rendered)  # noqa: S314 (our own renderer's output)
        rdf.extend(ElementTree.fromstring(PDFUA))  # noqa: S314 (a constant)
        written: bytes = ElementTree.tostring(rdf, encoding="utf-8")
        return written
