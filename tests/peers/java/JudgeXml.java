import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.Provider;
import java.security.cert.X509Certificate;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.Data;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.URIReference;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Judges XML signatures by the JDK and, where its jars are on the class path, by Apache Santuario.
 *
 * Each line of the standard input is the path of a file; for each, and each engine, one line comes out:
 * engine, path, verdict (valid, invalid, unsupported) and a detail, with tabs between. A file is valid when
 * it holds a signature and every one of them is. The key is that of the first certificate, without trust.
 */
public final class JudgeXml {
  private static final String DS = XMLSignature.XMLNS;
  private static final String SANTUARIO = "org.apache.jcp.xml.dsig.internal.dom.XMLDSigRI";

  public static void main(String[] arguments) throws Exception {
    XMLSignatureFactory jdk = XMLSignatureFactory.getInstance("DOM");
    XMLSignatureFactory santuario = null;
    try {
      Class<?> engine = Class.forName(SANTUARIO);
      Provider provider = (Provider) engine.getDeclaredConstructor().newInstance();
      santuario = XMLSignatureFactory.getInstance("DOM", provider);
    } catch (ClassNotFoundException absent) {
      // Its lines are missing, and whoever asked will see that.
    }
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Path path = Path.of(line);
      print("jdk", path, judge(jdk, path));
      if (santuario != null) {
        print("santuario", path, judge(santuario, path));
      }
    }
  }

  private static void print(String engine, Path path, String verdict) {
    System.out.println(engine + "\t" + path + "\t" + verdict.replace('\n', ' ').replace('\r', ' '));
  }

  private static String judge(XMLSignatureFactory factory, Path path) {
    try {
      DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
      builders.setNamespaceAware(true);
      builders.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      Document document = builders.newDocumentBuilder().parse(path.toFile());
      NodeList found = document.getElementsByTagNameNS(DS, "Signature");
      for (int at = 0; at < found.getLength(); at++) {
        String fault = fault(factory, document, (Element) found.item(at), path);
        if (fault != null) {
          return fault;
        }
      }
      return found.getLength() == 0 ? "invalid\tno signature" : "valid\t" + found.getLength();
    } catch (Exception error) {
      return verdict(error);
    }
  }

  private static String fault(
      XMLSignatureFactory factory, Document document, Element signature, Path path) throws Exception {
    DOMValidateContext context = new DOMValidateContext(new FirstCertificate(), signature);
    context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
    NodeList all = document.getElementsByTagName("*");
    for (int at = 0; at < all.getLength(); at++) {
      if (((Element) all.item(at)).hasAttributeNS(null, "Id")) {
        context.setIdAttributeNS((Element) all.item(at), null, "Id");
      }
    }
    context.setURIDereferencer(new Beside(factory.getURIDereferencer(), path));
    XMLSignature read = factory.unmarshalXMLSignature(context);
    if (read.validate(context)) {
      return null;
    }
    return read.getSignatureValue().validate(context) ? "invalid\ta digest" : "invalid\tthe value";
  }

  private static String verdict(Throwable error) {
    StringBuilder said = new StringBuilder();
    boolean unsupported = false;
    for (Throwable one = error; one != null; one = one.getCause()) {
      said.append(one.getClass().getSimpleName()).append(": ").append(one.getMessage()).append("; ");
      unsupported |= one instanceof java.security.NoSuchAlgorithmException;
      unsupported |= String.valueOf(one.getMessage()).toLowerCase().contains("unsupported");
    }
    return (unsupported ? "unsupported\t" : "invalid\t") + said;
  }

  /** Gives the content of a detached signature: a file of that name beside it. */
  private static final class Beside implements URIDereferencer {
    private final URIDereferencer inner;
    private final Path path;

    Beside(URIDereferencer inner, Path path) {
      this.inner = inner;
      this.path = path;
    }

    @Override
    public Data dereference(URIReference reference, XMLCryptoContext context)
        throws URIReferenceException {
      String uri = reference.getURI();
      if (uri == null || uri.isEmpty() || uri.startsWith("#")) {
        return inner.dereference(reference, context);
      }
      try {
        return new OctetStreamData(Files.newInputStream(path.resolveSibling(uri)));
      } catch (java.io.IOException error) {
        throw new URIReferenceException(error);
      }
    }
  }

  /** Takes the key of the first certificate, whatever it is. */
  private static final class FirstCertificate extends KeySelector {
    @Override
    public KeySelectorResult select(
        KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context) {
      for (Object part : info == null ? java.util.List.of() : info.getContent()) {
        if (part instanceof X509Data) {
          for (Object one : ((X509Data) part).getContent()) {
            if (one instanceof X509Certificate) {
              Key key = ((X509Certificate) one).getPublicKey();
              return () -> key;
            }
          }
        }
      }
      return () -> null;
    }
  }
}
