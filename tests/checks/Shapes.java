// Validates data against shapes with Apache Jena's SHACL engine: each report goes into a file of its own, as N-Triples.
// java -cp JENA Shapes.java SHAPES OUT BASE DATA...     what is in BASE ("-" for nothing) is added to each DATA
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.jena.graph.Graph;
import org.apache.jena.riot.Lang;
import org.apache.jena.riot.RDFDataMgr;
import org.apache.jena.shacl.ShaclValidator;
import org.apache.jena.shacl.ValidationReport;
import org.apache.jena.sparql.graph.GraphFactory;

public class Shapes {
    public static void main(String[] given) throws Exception {
        Graph shapes = RDFDataMgr.loadGraph(given[0]);
        for (int n = 3; n < given.length; n++) {
            Graph data = GraphFactory.createDefaultGraph();
            if (!given[2].equals("-")) {
                RDFDataMgr.read(data, given[2]);
            }
            RDFDataMgr.read(data, given[n]);
            ValidationReport report = ShaclValidator.get().validate(shapes, data);
            String name = Path.of(given[n]).getFileName().toString();
            try (OutputStream out = Files.newOutputStream(Path.of(given[1], name + ".nt"))) {
                RDFDataMgr.write(out, report.getGraph(), Lang.NTRIPLES);
            }
        }
    }
}
