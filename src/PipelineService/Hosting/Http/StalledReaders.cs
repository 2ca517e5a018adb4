using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Ends connections whose client has stopped to read its answer. An answer waits when some 64 KiB of it are not yet with the
/// operating system, and goes on when half of that is; when this takes longer than
/// <see cref="HostingOptions.ReaderStallTimeout"/>, nobody reads.
/// </summary>
/// <remarks>
/// The server's own <c>MinResponseDataRate</c> is an average over the whole answer: after a megabyte that went into the
/// buffers of both operating systems at once, a client may sleep for more than an hour before it falls below 240 bytes a second.
/// </remarks>
internal sealed class StalledReaders(IOptions<HostingOptions> options, TimeProvider time)
{
    /// <summary>Connection middleware.</summary>
    public async Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IDuplexPipe transport = connection.Transport;
        connection.Transport = new Watched(
            transport.Input, new Writer(transport.Output, connection, options.Value.ReaderStallTimeout, time));
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private sealed record Watched(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Writer(PipeWriter inner, ConnectionContext connection, TimeSpan timeout, TimeProvider time) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            ValueTask<FlushResult> flush = inner.FlushAsync(cancellationToken);
            return flush.IsCompleted ? flush : WatchAsync(flush);
        }

        private async ValueTask<FlushResult> WatchAsync(ValueTask<FlushResult> flush)
        {
            await using ITimer limit = time.CreateTimer(
                static connection =>
                    ((ConnectionContext)connection!).Abort(new ConnectionAbortedException("The client reads nothing.")),
                connection, timeout, Timeout.InfiniteTimeSpan);
            return await flush;
        }
    }
}
