using System.Diagnostics;
using PipelineService.Hosting.Embedded;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>
/// A broker in a process of its own, as another user where the tests run as root. A shell holds it: it kills the broker when it is told to,
/// and when whoever started it is gone, however that has ended.
/// </summary>
internal sealed class BrokerProcess : IDisposable
{
    private const string Script = """ "$@" </dev/null >>"$BROKER_LOG" 2>&1 & p=$!; read -r _; kill -KILL $p; wait $p """;

    private static readonly string[] Folders =
    [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator),
    ];

    private readonly Process _shell;

    private BrokerProcess(Process shell) => _shell = shell;

    /// <summary>Where the program is; null when it is not installed.</summary>
    public static string? Find(string program) => OperatingSystem.IsWindows()
        ? null
        : Folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <param name="folder">Its own, where it also writes what it says.</param>
    public static async Task<BrokerProcess> StartAsync(
        string program, IEnumerable<string> arguments, string folder, params (string Name, string Value)[] environment)
    {
        ServerAccount account = await ServerAccount.ChooseAsync(TestContext.Current.CancellationToken);
        await account.OwnAsync(folder, TestContext.Current.CancellationToken);
        ProcessStartInfo start = ServerCommand.Describe("/bin/sh", ["-c", Script, "sh", program, .. arguments], account.Name);
        start.WorkingDirectory = folder;
        start.Environment["BROKER_LOG"] = Path.Combine(folder, "broker.log");
        start.Environment["HOME"] = folder;
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new BrokerProcess(Process.Start(start)!);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (!_shell.HasExited)
        {
            _shell.StandardInput.Close();
            _shell.WaitForExit();
        }

        _shell.Dispose();
    }
}

/// <summary>A broker with streams, to which messages are sent, and which can be killed and started again.</summary>
internal abstract class TestBroker : IAsyncDisposable
{
    private static readonly TimeSpan StartAgeMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _folder = new();
    private readonly List<BrokerProcess> _processes = [];

    public abstract Uri Address { get; }

    protected string Folder => _folder.Path;

    /// <summary>Starts it with what it had before, and waits until it takes messages.</summary>
    public abstract Task StartAsync();

    /// <param name="subjects">NATS: what it keeps; its own name where nothing is said.</param>
    public abstract Task MakeStreamAsync(string name, params string[] subjects);

    public abstract Task DeleteStreamAsync(string name);

    /// <summary>Sends messages, which are there when this ends.</summary>
    /// <param name="subject">NATS: which; RabbitMQ: the stream.</param>
    public abstract Task SendAsync(string subject, IReadOnlyList<string> messages);

    public virtual async Task KillAsync()
    {
        foreach (BrokerProcess process in _processes)
        {
            await process.KillAsync();
            process.Dispose();
        }

        _processes.Clear();
    }

    public virtual ValueTask DisposeAsync()
    {
        _processes.ForEach(process => process.Dispose());
        _folder.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>As long as the service may take to start, and with what the broker has said when it does not.</summary>
    protected async Task WhenStartedAsync(Func<Task<bool>> connect)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!await connect())
        {
            if (TimeProvider.System.GetElapsedTime(since) > StartAgeMax)
            {
                Assert.Fail($"The broker has not started: {await File.ReadAllTextAsync(Path.Combine(Folder, "broker.log"))}");
            }

            await Task.Delay(Poll, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    protected void Hold(BrokerProcess process) => _processes.Add(process);
}
