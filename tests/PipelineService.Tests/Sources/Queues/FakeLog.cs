using System.Text;
using Microsoft.Extensions.Options;
using PipelineService.Sources;
using PipelineService.Sources.Queues;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>A log in memory, which is read as that of a broker is.</summary>
internal sealed class FakeLog(string mark = "made once") : IMessageLog
{
    private readonly List<LogMessage> _messages = [];
    private int _next;

    public long FirstKept { get; set; }

    /// <summary>What is thrown by the next reading.</summary>
    public SourceFaultException? Fault { get; set; }

    public List<long> Done { get; } = [];

    /// <summary>How many at once it gives at most.</summary>
    public int PullMax { get; init; } = int.MaxValue;

    public static LogMessage MessageOf(long number, string body) =>
        new(number, Encoding.UTF8.GetBytes(body), DateTimeOffset.UnixEpoch.AddSeconds(number));

    public void Add(long number, string body) => _messages.Add(MessageOf(number, body));

    /// <summary>Reads on behind a position, as one that is opened anew does.</summary>
    public FakeLog Rewind(long? after)
    {
        _next = _messages.FindIndex(message => message.Number > (after ?? long.MinValue));
        _next = _next < 0 ? _messages.Count : _next;
        return this;
    }

    public string? MarkOf(LogMessage? last) => mark;

    public Task<IReadOnlyList<LogMessage>> ReadAsync(int max, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (Fault is { } fault)
        {
            Fault = null;
            throw fault;
        }

        LogMessage[] read = [.. _messages.Skip(_next).Take(Math.Min(max, PullMax))];
        _next += read.Length;
        return read.Length > 0 ? Task.FromResult<IReadOnlyList<LogMessage>>(read) : WaitAsync(cancellationToken);
    }

    public Task DoneAsync(long until, CancellationToken cancellationToken)
    {
        Done.Add(until);
        return Task.CompletedTask;
    }

    public Task<long> CountUnreadAsync(long? after, CancellationToken cancellationToken) =>
        Task.FromResult((long)_messages.Count(message => message.Number > (after ?? long.MinValue)));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<IReadOnlyList<LogMessage>> WaitAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        return [];
    }
}

/// <summary>Opens logs in memory, by the names of their streams.</summary>
internal sealed class FakeLogs(IOptions<SourcesOptions> options) : MessageLogs(options)
{
    public Dictionary<string, FakeLog> Logs { get; } = [];

    /// <summary>Where each was opened, in this order.</summary>
    public List<(string Stream, long? At)> Opened { get; } = [];

    public override Task<IMessageLog> OpenAsync(Guid source, QueueSettings settings, LogPosition? at, CancellationToken cancellationToken)
    {
        lock (Opened)
        {
            Opened.Add((settings.Stream, at?.Number));
        }

        return Task.FromResult<IMessageLog>(Logs[settings.Stream].Rewind(at?.Number));
    }
}
