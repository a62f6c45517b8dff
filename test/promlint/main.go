// What `promtool check metrics` does with its standard input: reads it as Prometheus does, and says what it complains of.
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

func main() {
	problems, err := promlint.New(os.Stdin).Lint()
	if err != nil {
		fmt.Println("it cannot be read:", err)
	}
	for _, problem := range problems {
		fmt.Println(problem.Metric, problem.Text)
	}
}
