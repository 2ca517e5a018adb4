using PipelineService.Spool.Conversion;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Keeps what a conversion writes, and stops it where the service would long have done so.</summary>
internal sealed class BoundedOutput : MemoryStream
{
    private const int BytesMax = 64 << 20;

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (Length + count > BytesMax)
        {
            throw new DemandingException();
        }

        base.Write(buffer, offset, count);
    }
}
