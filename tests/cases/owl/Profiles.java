// Prints, for each OWL 2 profile, whether the ontology in the file is in it, then every violation.
// Run with the OWL API that lies in owlready2's HermiT.jar: java -cp HermiT.jar Profiles.java FILE.rdf
import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWL2RLProfile;
import org.semanticweb.owlapi.profiles.OWLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileReport;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;

public class Profiles {
    public static void main(String[] files) throws Exception {
        OWLOntology ontology =
                OWLManager.createOWLOntologyManager().loadOntologyFromOntologyDocument(new File(files[0]));
        for (OWLProfile profile : new OWLProfile[] {new OWL2DLProfile(), new OWL2RLProfile()}) {
            OWLProfileReport report = profile.checkOntology(ontology);
            System.out.println(profile.getName() + ": " + (report.isInProfile() ? "in" : "out"));
            for (OWLProfileViolation violation : report.getViolations()) {
                System.out.println("  " + violation);
            }
        }
    }
}
