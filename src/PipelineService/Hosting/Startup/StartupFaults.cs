using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Startup;

/// <summary>Runs the service to its end, and turns what an operator can mend into a message and an exit code.</summary>
public static class StartupFaults
{
    /// <summary>As of sysexits, "the configuration is wrong", cut down to the two values people test for: 1 is a crash.</summary>
    public const int ExitCode = 2;

    private const string AnotherAddress = " Choose another address: --urls http://127.0.0.1:8081";

    /// <returns>The exit code of the process.</returns>
    public static async Task<int> RunToEndAsync(this WebApplication app)
    {
        // Asked for now: a disposed host does not answer.
        CancellationToken stopping = app.Lifetime.ApplicationStopping;
        ServiceLifetime lifetime = app.Services.GetRequiredService<ServiceLifetime>();
        try
        {
            // Before the host does it: a service whose constructor reads its options would fail first, with only these.
            app.Services.GetService<IStartupValidator>()?.Validate();
            await app.StartAsync();
            await app.WaitForShutdownAsync();
            return Environment.ExitCode;
        }
        catch (OperationCanceledException fault) when (stopping.IsCancellationRequested || fault is StartupInterruptedException)
        {
            await StopCalmlyAsync(app);
            await Console.Error.WriteLineAsync("PipelineService was stopped while it was starting.");
            return lifetime.ExitCodeOfBrokenOff;
        }
        catch
        {
            await StopCalmlyAsync(app);
            throw;
        }
        finally
        {
            await app.DisposeAsync();
        }
    }

    /// <summary>
    /// To stages that run already this is a stop like any other: disposed of without one, each would tell of it at length, and
    /// bury the one sentence that helps.
    /// </summary>
    private static async Task StopCalmlyAsync(WebApplication app) =>
        await app.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Tells the operator of a start that failed, as the last thing that the process says.</summary>
    /// <returns>The exit code of the process.</returns>
    public static async Task<int> TellAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return ExitCode;
    }

    /// <summary>The message for the operator, or null when the fault is not one of theirs.</summary>
    internal static string? Describe(Exception fault) => fault switch
    {
        StartupException => Sentence(fault.Message),
        OptionsValidationException options => Describe(options.Failures),
        AggregateException all when all.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            Describe(all.InnerExceptions.Cast<OptionsValidationException>().SelectMany(inner => inner.Failures)),
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
            Sentence(fault.Message + AnotherAddress),
        SocketException { SocketErrorCode: SocketError.AccessDenied } =>
            Sentence($"It may not listen on that port ({fault.Message}): those below 1024 are the system's." + AnotherAddress),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
            Sentence($"This machine does not have the address to listen on ({fault.Message})." + AnotherAddress),
        InvalidOperationException when fault.Message.StartsWith("Unable to configure HTTPS", StringComparison.Ordinal) =>
            Sentence("There is no certificate for https: set Kestrel:Certificates:Default:Path and Password, or listen on http."),
        InvalidDataException { InnerException: FormatException or System.Text.Json.JsonException } => // appsettings.json
            Sentence($"{fault.Message} {fault.InnerException.Message}"),
        _ => null,
    };

    private static string Describe(IEnumerable<string> faults) =>
        Sentence("These settings are wrong:\n" + string.Join('\n', faults.Distinct().Select(fault => "  - " + fault)));

    private static string Sentence(string text) => "PipelineService cannot start. " + text;
}
