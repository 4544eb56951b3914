// A vCenter to test against: govmomi's simulator with an inventory of its own, the gaps closed that the vSphere plugin
// stumbles over, and a hook that lets a real machine run behind each virtual one.
//
// Usage: vcenter -listen 127.0.0.1:8989 [-hook PROGRAM]. User and password: VCENTER_USER, VCENTER_PASSWORD.
// It prints one line, the URL, when it can be used, and ends when its standard input is closed.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"

	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address and port to listen on")
	hook := flag.String("hook", "", "program to run when a machine is powered on or off or removed (see hook.go)")
	flag.Parse()

	model := inventory()
	defer model.Remove()
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	if err := prepare(model); err != nil {
		log.Fatal(err)
	}
	machines := newMachines(model.Service.Context, *hook)
	model.Map().AddHandler(machines)
	waiters := &waiters{waiting: map[string]bool{}}
	model.Map().Handler = func(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		refuse(ctx, method)
		return waiters.handle(ctx, method)
	}

	model.Service.TLS = new(tls.Config)
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{
		Host: *listen,
		User: url.UserPassword(os.Getenv("VCENTER_USER"), os.Getenv("VCENTER_PASSWORD")),
	}
	server := model.Service.NewServer()
	defer server.Close()

	fmt.Printf("https://%s%s\n", server.URL.Host, server.URL.Path)
	// Whoever started this process holds the other end: it never outlives them.
	_, _ = io.Copy(io.Discard, os.Stdin)
	machines.stopAll()
}
