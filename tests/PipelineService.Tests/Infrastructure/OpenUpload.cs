using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs;

namespace PipelineService.Tests.Infrastructure;

/// <summary>An upload that the test holds open: what it writes is sent, and loaded, at once.</summary>
public sealed class OpenUpload
{
    private readonly LoadingService _service;
    private readonly string _dataset;
    private readonly Pipe _pipe = new();
    private readonly Task<JobOutcome> _answer;

    internal OpenUpload(LoadingService service, string dataset, string contentType)
    {
        (_service, _dataset) = (service, dataset);
        _answer = SendAsync(contentType);
    }

    public async Task WriteAsync(string text) => await _pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Waits until the database holds so many records in the job's transactions.</summary>
    /// <returns>The job's id.</returns>
    public async Task<Guid> LoadedAsync(long records)
    {
        JobRow? job = null;
        await Eventually.TrueAsync(
            async () =>
            {
                Guid? id = await _service.Database.ScalarAsync<Guid?>(
                    $"SELECT id FROM pipeline.jobs WHERE dataset = '{_dataset}' AND finished_at IS NULL");
                job = id is null ? null : _service.Service.Services.GetRequiredService<LiveJobs>().Find(id.Value)?.Current;
                return job?.RecordsLoaded >= records;
            },
            $"{records} records of the open upload are loaded");
        return job!.Id;
    }

    /// <summary>Ends the body and waits for the job's end.</summary>
    public async Task<JobOutcome> EndAsync()
    {
        await _pipe.Writer.CompleteAsync();
        JobOutcome job = await _answer;
        Assert.True(JobStates.TryParse(job.State, out JobState state) && state.IsFinal(), $"The job is {job.State}.");
        return job;
    }

    private async Task<JobOutcome> SendAsync(string contentType)
    {
        using FlushedContent body = new(_pipe.Reader);
        return await _service.SendAsync(_dataset, body, contentType);
    }

    /// <summary>Sends what it has at once; the client's own contents keep the last kilobytes until the end.</summary>
    private sealed class FlushedContent(PipeReader source) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (bool isLast = false; !isLast;)
            {
                ReadResult read = await source.ReadAsync();
                foreach (ReadOnlyMemory<byte> segment in read.Buffer)
                {
                    await stream.WriteAsync(segment);
                }

                await stream.FlushAsync();
                source.AdvanceTo(read.Buffer.End);
                isLast = read.IsCompleted;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
