package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// machine is what the hook is told about a virtual machine, as JSON on its standard input.
type machine struct {
	Moid      string            `json:"moid"`
	Name      string            `json:"name"`
	MemoryMiB int32             `json:"memoryMiB"`
	Cpus      int32             `json:"cpus"`
	Nics      []nic             `json:"nics"`
	Guestinfo map[string]string `json:"guestinfo"`
}

type nic struct {
	Mac string `json:"mac"`
	// The network's name, e.g. "VM Network"; of a port group of a distributed switch its key.
	Network   string `json:"network"`
	Connected bool   `json:"connected"`
}

// report is what the hook tells about the guest, one JSON object a line on its standard output.
type report struct {
	HostName string        `json:"hostName"`
	Nics     []reportedNic `json:"nics"`
}

type reportedNic struct {
	Mac string `json:"mac"`
	// With their lengths, e.g. "192.0.2.10/24".
	Addresses []string `json:"addresses"`
}

// machines runs the hook for as long as a virtual machine is powered on: the process is started with the machine's
// description, one line, is given another one whenever its devices change, and its standard input is closed when the
// power goes off. It must end then.
type machines struct {
	ctx     *simulator.Context
	program string

	mutex   sync.Mutex
	running map[types.ManagedObjectReference]*process
}

type process struct {
	stdin io.Closer
	// What it is still to be told: a hook that is slow to listen holds nobody up.
	descriptions chan []byte
	done         chan struct{}
}

// Changes of a machine's devices that may wait for its hook.
const untold = 64

func newMachines(ctx *simulator.Context, program string) *machines {
	return &machines{ctx: ctx, program: program, running: map[types.ManagedObjectReference]*process{}}
}

// Reference identifies the handler in the registry.
func (*machines) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "MachineHook", Value: "machine-hook"}
}

func (m *machines) PutObject(_ *simulator.Context, object mo.Reference) {
	if vm, ok := object.(*simulator.VirtualMachine); ok && vm.Config != nil && vm.Config.SwapPlacement == "" {
		// The plugin's default; without it every plan shows a change.
		vm.Config.SwapPlacement = "inherit"
	}
}

func (m *machines) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	vm, ok := m.ctx.Map.Get(object.Reference()).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	m.PutObject(m.ctx, vm)
	for _, change := range changes {
		switch {
		case change.Name == "config.hardware.device":
			m.describeAgain(vm)
		case change.Name != "runtime.powerState":
		case change.Val == types.VirtualMachinePowerStatePoweredOn:
			m.start(vm)
		default:
			m.stop(vm.Self)
		}
	}
}

func (m *machines) RemoveObject(_ *simulator.Context, reference types.ManagedObjectReference) {
	m.stop(reference)
}

func (m *machines) start(vm *simulator.VirtualMachine) {
	if m.program == "" {
		return
	}
	command := exec.CommandContext(context.Background(), m.program)
	command.Stderr = os.Stderr
	stdin, _ := command.StdinPipe()
	stdout, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		log.Printf("%s: the hook cannot be started: %v", vm.Name, err)
		return
	}
	started := &process{stdin: stdin, descriptions: make(chan []byte, untold), done: make(chan struct{})}
	m.mutex.Lock()
	m.running[vm.Self] = started
	m.mutex.Unlock()
	m.describeAgain(vm)
	go func() {
		for {
			select {
			case description := <-started.descriptions:
				_, _ = stdin.Write(description)
			case <-started.done:
				return
			}
		}
	}()
	go func() {
		defer close(started.done)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var told report
			if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
				log.Printf("%s: the hook said %q: %v", vm.Name, lines.Text(), err)
				continue
			}
			m.tell(vm, told)
		}
		_ = command.Wait()
	}()
}

// describeAgain tells the hook of a running machine what the machine is now.
func (m *machines) describeAgain(vm *simulator.VirtualMachine) {
	m.mutex.Lock()
	running, ok := m.running[vm.Self]
	m.mutex.Unlock()
	if !ok {
		return
	}
	description, err := json.Marshal(m.describe(vm))
	if err != nil {
		log.Printf("%s: %v", vm.Name, err)
		return
	}
	select {
	case running.descriptions <- append(description, '\n'):
	default:
		log.Printf("%s: the hook does not listen", vm.Name)
	}
}

// stop returns when the machine is gone: what is removed next may be what it stands on.
func (m *machines) stop(reference types.ManagedObjectReference) {
	m.mutex.Lock()
	running, ok := m.running[reference]
	delete(m.running, reference)
	m.mutex.Unlock()
	if !ok {
		return
	}
	_ = running.stdin.Close()
	select {
	case <-running.done:
	case <-time.After(30 * time.Second):
		log.Printf("%s: the hook did not end within 30 s", reference.Value)
	}
}

func (m *machines) stopAll() {
	m.mutex.Lock()
	references := make([]types.ManagedObjectReference, 0, len(m.running))
	for reference := range m.running {
		references = append(references, reference)
	}
	m.mutex.Unlock()
	for _, reference := range references {
		m.stop(reference)
	}
}

func (m *machines) describe(vm *simulator.VirtualMachine) machine {
	described := machine{
		Moid:      vm.Self.Value,
		Name:      vm.Name,
		MemoryMiB: vm.Config.Hardware.MemoryMB,
		Cpus:      vm.Config.Hardware.NumCPU,
		Nics:      []nic{},
		Guestinfo: map[string]string{},
	}
	for _, device := range vm.Config.Hardware.Device {
		if card, ok := device.(types.BaseVirtualEthernetCard); ok {
			ethernet := card.GetVirtualEthernetCard()
			described.Nics = append(described.Nics, nic{
				Mac:       strings.ToLower(ethernet.MacAddress),
				Network:   m.networkOf(ethernet.Backing),
				Connected: ethernet.Connectable == nil || ethernet.Connectable.Connected,
			})
		}
	}
	for _, option := range vm.Config.ExtraConfig {
		value := option.GetOptionValue()
		if text, ok := value.Value.(string); ok && strings.HasPrefix(value.Key, "guestinfo.") {
			described.Guestinfo[value.Key] = text
		}
	}
	return described
}

func (m *machines) networkOf(backing types.BaseVirtualDeviceBackingInfo) string {
	switch info := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return info.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		return info.Port.PortgroupKey
	default:
		return ""
	}
}

// tell lets VMware Tools of the virtual machine say what the real one's guest said.
func (m *machines) tell(vm *simulator.VirtualMachine, told report) {
	nics := make([]types.GuestNicInfo, 0, len(told.Nics))
	first := ""
	for _, each := range told.Nics {
		config := &types.NetIpConfigInfo{}
		plain := []string{}
		for _, text := range each.Addresses {
			address, length := splitAddress(text)
			plain = append(plain, address)
			config.IpAddress = append(config.IpAddress, types.NetIpConfigInfoIpAddress{
				IpAddress:    address,
				PrefixLength: length,
				State:        "preferred",
			})
			if first == "" && !strings.Contains(address, ":") {
				first = address
			}
		}
		nics = append(nics, types.GuestNicInfo{
			MacAddress: each.Mac, Connected: true, DeviceConfigId: 4000, IpAddress: plain, IpConfig: config,
		})
	}
	m.ctx.Map.AtomicUpdate(m.ctx, vm, []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		// The order in which the plugin can take them: it looks for routes when the addresses change.
		{Name: "guest.ipStack", Val: []types.GuestStackInfo{{}}},
		{Name: "guest.net", Val: nics},
		{Name: "guest.ipAddress", Val: first},
		{Name: "guest.hostName", Val: told.HostName},
	})
}
