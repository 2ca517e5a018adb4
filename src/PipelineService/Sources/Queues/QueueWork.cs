using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Intake;
using PipelineService.Core.Jobs;

namespace PipelineService.Sources.Queues;

/// <summary>
/// Takes the messages of a queue: 1. opens it behind what is written down as taken; 2. puts messages together; 3. takes them as one upload,
/// whose registration moves the position in the same transaction; 4. tells the broker. It may end between any two steps: the position alone
/// says what was taken. Whatever goes wrong, the queue is opened anew at that.
/// </summary>
internal sealed partial class QueueWork(
    QueueSettings settings, MessageLogs logs, SourceIntake intake, SourceLedger ledger, SourceMetrics metrics, long bodyBytesMax,
    TimeProvider time, ILogger logger) : ISourceWork
{
    /// <summary>How long the first message of a batch is waited for, before it is told that there is none.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(5);

    /// <summary>How often it is told what waits while there is more than enough to do.</summary>
    private static readonly TimeSpan TellInterval = TimeSpan.FromSeconds(2);

    /// <summary>Somebody else has taken what was read here: another instance, or a process before this one, by what it has left.</summary>
    private static readonly TimeSpan OvertakenPause = TimeSpan.FromMilliseconds(200);

    private readonly MessageBatch _batch = new();
    private IMessageLog? _log;
    private BatchReader _reader = null!;
    private LogPosition? _position;
    private int _messagesMax = settings.Messages;
    private long _told;

    public async Task<TimeSpan> LookAsync(SourceRow source, CancellationToken cancellationToken)
    {
        bool isDone = false;
        try
        {
            if (_log is null)
            {
                // 1.
                await OpenAsync(source, cancellationToken);
                await TellAsync(source, cancellationToken);
            }

            // 2.
            await _reader.FillAsync(
                _batch, _messagesMax, Math.Min(settings.Bytes, bodyBytesMax), IdleMax, settings.Wait, cancellationToken);
            bool isIdle = _batch.Count == 0;
            bool isLast = _reader.Ahead == 0 && _batch.Count < _messagesMax;

            // 3. and 4.
            bool isAhead = isIdle || await TakeAsync(source, cancellationToken);
            if (isAhead && (isLast || time.GetElapsedTime(_told) >= TellInterval))
            {
                await TellAsync(source, cancellationToken);
            }

            isDone = isAhead;
            return isAhead ? TimeSpan.Zero : OvertakenPause;
        }
        finally
        {
            _batch.Clear();
            if (!isDone)
            {
                await CloseAsync();
            }
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async Task OpenAsync(SourceRow source, CancellationToken cancellationToken)
    {
        _position = await ledger.FindPositionAsync(source.Id, cancellationToken);
        _log = await logs.OpenAsync(source.Id, settings, _position, cancellationToken);
        if (_position is { } at && _log.FirstKept > at.Number + 1)
        {
            LogPosition until = new(_log.FirstKept - 1, _log.MarkOf(last: null));
            if (!await ledger.PassOverAsync(source.Id, at.Number, until, cancellationToken))
            {
                throw new SourceFaultException("Somebody else has taken from it meanwhile.");
            }

            Log.Gone(logger, source.Name, at.Number + 1, until.Number);
            _position = until;
        }

        _reader = new BatchReader(_log, _position?.Number, time);
    }

    /// <returns>False when somebody else has taken some of them, or they have to be read once more.</returns>
    private async Task<bool> TakeAsync(SourceRow source, CancellationToken cancellationToken)
    {
        SourceTarget target = await intake.TargetOfAsync(source, cancellationToken);
        if (target.Dataset.Definition.Items.AreArrays)
        {
            throw new SourceFaultException(
                $"Messages are JSON objects, and records of \"{source.Dataset}\" are arrays (dialect.itemType): point the source to another "
                + "dataset.");
        }

        FaultPoints.Reach(FaultPoint.SourceReading);
        LogPosition until = new(_batch.Last.Number, _log!.MarkOf(_batch.Last));
        FoundUpload upload = new(
            _batch.Name, _batch.Bytes, ContentType: null, source.Label,
            new TakenFrom(source.Id, _batch.Name, until.Mark!, _position?.Number, until.Number));
        SourceAdmission admission;
        await using (Stream lines = _batch.OpenLines())
        {
            admission = await intake.TakeAsync(source, target, upload, lines, cancellationToken);
        }

        if (admission.Job is null && admission.Refusal is null)
        {
            return false;
        }

        if (admission.Refusal is not null && !admission.IsForGood)
        {
            throw admission.ToFault();
        }

        if (admission.Refusal is { } refusal)
        {
            return await RefuseAsync(source, until, refusal, cancellationToken);
        }

        FaultPoints.Reach(FaultPoint.SourceTaken);
        if (await ledger.FindPositionAsync(source.Id, cancellationToken) != until)
        {
            // Where the database was away, the upload is durable, and its registration moves the position when it is back.
            throw new SourceFaultException("What was taken last is not registered yet.");
        }

        metrics.Took(source.Name, _batch.Bytes);
        metrics.TookMessages(source.Name, _batch.Count);
        Log.Taken(logger, source.Name, _batch.Count, _batch.Name, admission.Job!.Id);
        _messagesMax = (int)Math.Min(settings.Messages, _messagesMax * 2L);
        await MoveAsync(until, cancellationToken);
        return true;
    }

    /// <summary>Refused for good are those that are together: of a single one it is known that it is that.</summary>
    private async Task<bool> RefuseAsync(SourceRow source, LogPosition until, Problem refusal, CancellationToken cancellationToken)
    {
        if (_batch.Count > 1)
        {
            _messagesMax = _batch.Count / 2;
            return false;
        }

        FaultPoints.Reach(FaultPoint.SourceRefusing);
        if (!await ledger.RefuseAsync(source.Id, _position?.Number, until, _batch.Bytes, refusal, cancellationToken))
        {
            return false;
        }

        metrics.Refused(source.Name);
        Log.Refused(logger, source.Name, until.Number, refusal.Code);
        await MoveAsync(until, cancellationToken);
        return true;
    }

    private async Task MoveAsync(LogPosition until, CancellationToken cancellationToken)
    {
        _position = until;
        await _log!.DoneAsync(until.Number, cancellationToken);
    }

    private async Task TellAsync(SourceRow source, CancellationToken cancellationToken)
    {
        _told = time.GetTimestamp();
        _reader.Known = await _log!.CountUnreadAsync(_reader.LastRead, cancellationToken);
        long waiting = _reader.Ahead + _reader.Known;
        DateTimeOffset? since = waiting > 0 ? _reader.LastAt : null;
        await ledger.TellMessagesAsync(source.Id, waiting, since, cancellationToken);
        metrics.Saw(source.Name, new SourceLag(waiting, SourceLag.UnknownBytes, since, Skipped: 0));
        _batch.Trim();
    }

    private async ValueTask CloseAsync()
    {
        if (_log is { } log)
        {
            _log = null;
            await log.DisposeAsync();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Source {SourceName} has taken {Count} messages, {Numbers}, as job {JobId}.")]
        public static partial void Taken(ILogger logger, string sourceName, int count, string numbers, Guid jobId);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Source {SourceName} cannot take message {Number}: {Code}. The objects of the source say why.")]
        public static partial void Refused(ILogger logger, string sourceName, long number, string code);

        [LoggerMessage(Level = LogLevel.Error,
            Message = "Source {SourceName}: the broker has no messages {First} to {Last} any more, which were not taken.")]
        public static partial void Gone(ILogger logger, string sourceName, long first, long last);
    }
}
