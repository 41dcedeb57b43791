// Kt brings a test cluster up and down and does to it what tests do: see package kube.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"drey/test/kube"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{Use: "kt", Short: "A real Kubernetes on this machine, for tests", SilenceUsage: true}
	root.AddCommand(
		&cobra.Command{Use: "up [NODES]", Short: "bring a cluster up, or add nodes to it (default 2)", Args: cobra.MaximumNArgs(1), RunE: up},
		&cobra.Command{Use: "down", Short: "end everything that the cluster consists of", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return kube.Down() }},
		onCluster("status", "say what runs", cobra.NoArgs, status),
		onCluster("kubeconfig", "print the path of the administrator's kubeconfig", cobra.NoArgs, func(_ context.Context, c *kube.Cluster, _ []string) error {
			fmt.Println(c.Kubeconfig())
			return nil
		}),
		onNode("node I", "start node I, new or with its disk", func(ctx context.Context, c *kube.Cluster, i int) error { return c.StartNode(ctx, i) }),
		onNode("kill-node I", "end node I at once, as a loss of power", func(_ context.Context, c *kube.Cluster, i int) error { return c.KillNode(i) }),
		onCluster("stop-api", "kill the API server", cobra.NoArgs, func(_ context.Context, c *kube.Cluster, _ []string) error { return c.StopAPI() }),
		onCluster("start-api", "start the API server again", cobra.NoArgs, func(ctx context.Context, c *kube.Cluster, _ []string) error { return c.StartAPI(ctx) }),
		onCluster("load TAR...", "import image tars into every node", cobra.MinimumNArgs(1), func(ctx context.Context, c *kube.Cluster, tars []string) error {
			return c.Load(ctx, tars...)
		}),
		unparsed(onCluster("exec PROGRAM...", "run a program in the cluster's network, kubectl for one", cobra.MinimumNArgs(1), execute)),
		unparsed(onCluster("sh I PROGRAM...", "run a program inside of node I", cobra.MinimumNArgs(2), executeInNode)),
	)
	if root.ExecuteContext(ctx) != nil {
		os.Exit(1)
	}
}

func onCluster(use, short string, args cobra.PositionalArgs, run func(context.Context, *kube.Cluster, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		cluster, err := kube.Attach()
		if err != nil {
			return err
		}
		return run(cmd.Context(), cluster, args)
	}}
}

func onNode(use, short string, run func(context.Context, *kube.Cluster, int) error) *cobra.Command {
	return onCluster(use, short, cobra.ExactArgs(1), func(ctx context.Context, cluster *kube.Cluster, args []string) error {
		i, err := strconv.Atoi(args[0])
		if err != nil {
			return fmt.Errorf("%q is no number of a node", args[0])
		}
		return run(ctx, cluster, i)
	})
}

// unparsed leaves flags to the program that is to be run.
func unparsed(cmd *cobra.Command) *cobra.Command {
	cmd.DisableFlagParsing = true
	return cmd
}

func up(cmd *cobra.Command, args []string) error {
	nodes := 2
	if len(args) == 1 {
		var err error
		if nodes, err = strconv.Atoi(args[0]); err != nil {
			return fmt.Errorf("%q is no number of nodes", args[0])
		}
	}
	cluster, err := kube.Up(cmd.Context(), nodes)
	if err != nil {
		return err
	}
	fmt.Println("export KUBECONFIG=" + cluster.Kubeconfig())
	return nil
}

func status(ctx context.Context, cluster *kube.Cluster, _ []string) error {
	fmt.Printf("nodes running: %v\nlogs: %s\nexport KUBECONFIG=%s\n", cluster.Nodes(), cluster.Logs(), cluster.Kubeconfig())
	return execute(ctx, cluster, []string{"kubectl", "get", "nodes,pods", "--all-namespaces", "--output=wide"})
}

func execute(ctx context.Context, cluster *kube.Cluster, args []string) error {
	os.Setenv("PATH", cluster.Program("")+":"+os.Getenv("PATH"))
	os.Setenv("KUBECONFIG", cluster.Kubeconfig())
	return run(cluster.Command(ctx, args[0], args[1:]...))
}

func executeInNode(ctx context.Context, cluster *kube.Cluster, args []string) error {
	i, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("%q is no number of a node", args[0])
	}
	cmd, err := cluster.NodeCommand(ctx, i, args[1], args[2:]...)
	if err != nil {
		return err
	}
	return run(cmd)
}

func run(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
