using PipelineService.Tests.Reliability;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

// What xunit would generate, and before it: reliability tests at a length that no test run has time for.
try
{
    return ByHand.Parse(args) is { } byHand ? await ConsoleRunner.Run(byHand)
        : args.Any(arg => arg is "--server" or "--internal-msbuild-node")
            ? await TestPlatformTestFramework.RunAsync(args, PipelineService.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(args);
}
catch (ArgumentException fault)
{
    await Console.Error.WriteLineAsync(fault.Message);
    return 2;
}
