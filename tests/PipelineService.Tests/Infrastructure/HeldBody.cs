using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A body that the test sends piece by piece, and ends or breaks off when it likes.</summary>
internal sealed class HeldBody : HttpContent
{
    private readonly Channel<byte[]> _pieces = Channel.CreateBounded<byte[]>(16);
    private readonly long? _length;

    /// <param name="length">What the head announces; null is nothing.</param>
    public HeldBody(string contentType = "text/csv", long? length = null)
    {
        Headers.ContentType = new MediaTypeHeaderValue(contentType);
        _length = length;
    }

    public ValueTask SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public ValueTask SendAsync(byte[] bytes) => _pieces.Writer.WriteAsync(bytes, TestContext.Current.CancellationToken);

    public void Complete() => _pieces.Writer.Complete();

    /// <summary>The sender dies: the connection ends in the middle of the body.</summary>
    public void Break() => _pieces.Writer.Complete(new IOException("The test broke the upload off."));

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await foreach (byte[] piece in _pieces.Reader.ReadAllAsync())
        {
            await stream.WriteAsync(piece);
            await stream.FlushAsync();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length ?? 0;
        return _length is not null;
    }
}
