// Calls one method of the Container Runtime Interface, with the messages and the client that the kubelet has:
//
//	cri SOCKET METHOD [REQUEST]
//
// The request is JSON, with the names of fields that crictl takes in its files. The response is printed as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	if err := call(os.Args[1], os.Args[2], append(os.Args[3:], "{}")[0]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call(socket, method, request string) error {
	connection, err := grpc.Dial("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, client := range []any{cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection)} {
		function := reflect.ValueOf(client).MethodByName(method)
		if !function.IsValid() {
			continue
		}
		message := reflect.New(function.Type().In(1).Elem())
		if err := json.Unmarshal([]byte(request), message.Interface()); err != nil {
			return fmt.Errorf("request of %s: %w", method, err)
		}
		result := function.Call([]reflect.Value{reflect.ValueOf(ctx), message})
		if err, failed := result[1].Interface().(error); failed {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(result[0].Interface())
	}
	return fmt.Errorf("the Container Runtime Interface has no method %s", method)
}
