using System.Reflection;
using PipelineService.EveryAssembly;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestFramework(typeof(WatchedTestFramework))]

namespace PipelineService.EveryAssembly;

/// <summary>xunit's own, under the eyes of a <see cref="TestWatchdog"/>.</summary>
public sealed class WatchedTestFramework : XunitTestFramework
{
    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) =>
        new WatchedExecutor(new XunitTestAssembly(assembly, configFilePath: null, assemblyName: null));

    private sealed class WatchedExecutor(IXunitTestAssembly assembly) : XunitTestFrameworkExecutor(assembly)
    {
        public override async ValueTask RunTestCases(
            IReadOnlyCollection<IXunitTestCase> testCases,
            IMessageSink executionMessageSink,
            ITestFrameworkExecutionOptions executionOptions,
            CancellationToken cancellationToken)
        {
            using TestWatchdog watchdog = new(executionMessageSink);
            await base.RunTestCases(testCases, watchdog, executionOptions, cancellationToken);
        }
    }
}
