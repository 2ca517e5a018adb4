using Npgsql;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// Tells when the service registers a job. The client of an upload that is still arriving has no answer yet, so it cannot
/// know the job's id.
/// </summary>
internal sealed class JobRowSignal : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly TaskCompletionSource<Guid> _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    private JobRowSignal(NpgsqlConnection connection, string dataset)
    {
        _connection = connection;
        _connection.Notification += (_, message) =>
        {
            if (message.Payload.Split(' ') is [string name, string id] && name == dataset)
            {
                _registered.TrySetResult(Guid.Parse(id));
            }
        };
    }

    public static async Task<JobRowSignal> ListenAsync(TestDatabase database, string dataset)
    {
        await database.ExecuteAsync(
            """
            CREATE OR REPLACE FUNCTION public.tell_job() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_notify('job_registered', NEW.dataset || ' ' || NEW.id); RETURN NULL; END $$;
            CREATE OR REPLACE TRIGGER tell_job AFTER INSERT ON pipeline.jobs FOR EACH ROW EXECUTE FUNCTION public.tell_job()
            """);
        JobRowSignal signal = new(
            await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken), dataset);
        await using NpgsqlCommand listen = new("LISTEN job_registered", signal._connection);
        await listen.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        signal._listening = signal.ListenAsync();
        return signal;
    }

    /// <returns>The id of the dataset's first job since the signal was made.</returns>
    public Task<Guid> RegisteredAsync() => _registered.Task.Within("the job to be registered");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening.Within("the listening to end");
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                await _connection.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has heard enough.
        }
    }
}
