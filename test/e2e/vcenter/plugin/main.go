// The vSphere plugin for machines that cannot download the official one: Pulumi's bridge over the Terraform provider
// that is published as a Go module. Tokens and properties are the official plugin's, the provider is an older one. Only
// the tests use it.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-sdk/helper/schema"
	"github.com/hashicorp/terraform-provider-vsphere/vsphere"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v1"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

// The official plugin's, which the program asks for.
const version = "4.17.0"

func main() {
	info := provider()
	sink := diag.DefaultSink(os.Stderr, os.Stderr, diag.FormatOptions{Color: colors.Never})
	generated, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    info,
		DiagnosticsSink: sink,
		// Descriptions come from a repository that is not there; nobody reads them here.
		XInMemoryDocs: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(generated.PackageSpec)
	if err != nil {
		log.Fatal(err)
	}
	tfbridge.Main("vsphere", version, info, text)
}

func provider() tfbridge.ProviderInfo {
	terraform, ok := vsphere.Provider().(*schema.Provider)
	if !ok {
		log.Fatal("The Terraform provider is not of the kind that the bridge takes.")
	}
	addLaterProperties(terraform)
	info := tfbridge.ProviderInfo{
		P:            shim.NewProvider(terraform),
		Name:         "vsphere",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	info.MustComputeTokens(tokens.SingleModule("vsphere_", "index", tokens.MakeStandard("vsphere")))
	info.SetAutonaming(255, "-")
	return info
}

// addLaterProperties makes known what the program uses and this provider does not have yet. None of it changes what is
// done here: the simulator shows a new network at once, and its template hands nothing out by a CD-ROM.
func addLaterProperties(terraform *schema.Provider) {
	terraform.DataSourcesMap["vsphere_network"].Schema["retry_timeout"] = &schema.Schema{
		Type: schema.TypeInt, Optional: true,
	}
	terraform.DataSourcesMap["vsphere_virtual_machine"].Schema["vapp_transport"] = &schema.Schema{
		Type: schema.TypeList, Computed: true, Elem: &schema.Schema{Type: schema.TypeString},
	}
	terraform.ResourcesMap["vsphere_virtual_machine"].Schema["extra_config_reboot_required"] = &schema.Schema{
		Type: schema.TypeBool, Optional: true, Default: true,
	}
}
